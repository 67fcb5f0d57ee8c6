//! All that the screen knows. Changed by `update` alone; views only read it.

pub mod action;
pub mod asked;
pub mod screen;
pub mod secrets;

use super::alarm::Alarm;
use super::hits::Hits;
use super::keymap::Keymap;
use super::msg::{Level, Now};
use super::notices::Bell;
use super::screens;
use super::theme::{Theme, Themes};
use crate::project::{Environment, Project};
use crate::state::lines::Line;
use crate::state::operator::Operator;
use std::sync::Arc;

use super::overlay::Overlay;
use screen::{Screen, ScreenId};

/// The state of the whole screen.
#[derive(Debug)]
pub struct Model {
    /// The Ansible project that is open.
    pub project: Arc<Project>,
    /// Index of the environment that Fleet shows.
    pub env: Option<usize>,
    pub operator: Operator,
    /// The moment that views speak of.
    pub now: Now,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub theme: Theme,
    /// All themes that can be chosen.
    pub themes: Themes,
    pub keymap: Keymap,
    /// True while the mouse is reported to us.
    pub mouse: bool,
    /// For what the terminal rings.
    pub bell: Bell,
    /// True: only ASCII goes to the screen, whatever the theme says (`--ascii`, or a locale without UTF-8).
    pub ascii: bool,
    /// True: dangerous actions are off.
    pub read_only: bool,
    /// True: times as clock times; else relative.
    pub absolute_time: bool,
    /// Live runs of everybody on this control host; `None`: not known yet.
    pub live_runs: Option<usize>,
    /// What waits for a person, and where nobody polls or acts.
    pub alarm: Alarm,
    /// Environments whose line somebody stopped; `None`: nobody can tell.
    pub stopped: Option<Vec<Line>>,
    /// What was typed as the reason of the action that is about to run.
    pub reason: Option<String>,
    /// All screens, the first one in sight at the start.
    pub screens: &'static [&'static Screen],
    /// Screens, the one in sight last; never empty.
    pub stack: Vec<&'static Screen>,
    /// What lies above the screen.
    pub overlay: Option<Overlay>,
    /// Short words to the person, newest last, with the moment at which each goes away.
    pub toasts: Vec<Toast>,
    /// What lies where on the last frame.
    pub hits: Hits,
    /// True: the next frame differs from the last one.
    pub dirty: bool,
    /// True: leave.
    pub quit: bool,
    pub fleet: screens::fleet::Fleet,
    pub launch: screens::launch::Launch,
    pub runs: screens::runs::Runs,
    pub run: screens::run::Run,
    pub releases: screens::releases::Releases,
    pub release: screens::release::Live,
    pub audit: screens::audit::Audit,
    pub diagnostics: screens::diagnostics::Diagnostics,
    pub away: screens::away::Away,
    pub health: screens::health::Health,
}

/// A short word to the person.
#[derive(Debug, Clone, PartialEq)]
pub struct Toast {
    pub level: Level,
    pub text: String,
    /// Unix milliseconds at which it goes away.
    pub until: i64,
}

/// How long a toast stays, in milliseconds; errors stay three times as long.
const TOAST_MS: i64 = 5_000;

impl Model {
    /// The model at the start: the first screen, of the first environment.
    pub fn new(
        project: Arc<Project>,
        operator: Operator,
        theme: Theme,
        keymap: Keymap,
        screens: &'static [&'static Screen],
    ) -> Self {
        let env = if project.environments.is_empty() { None } else { Some(0) };
        Self {
            project,
            env,
            operator,
            now: Now::default(),
            size: (80, 24),
            theme,
            themes: Themes::default(),
            keymap,
            mouse: true,
            bell: Bell::default(),
            ascii: false,
            read_only: false,
            absolute_time: false,
            live_runs: None,
            alarm: Alarm::default(),
            stopped: Some(vec![]),
            reason: None,
            screens,
            stack: screens.first().copied().into_iter().collect(),
            overlay: None,
            toasts: vec![],
            hits: Hits::default(),
            dirty: true,
            quit: false,
            fleet: screens::fleet::Fleet::default(),
            launch: screens::launch::Launch::default(),
            runs: screens::runs::Runs::default(),
            run: screens::run::Run::default(),
            releases: screens::releases::Releases::default(),
            release: screens::release::Live::default(),
            audit: screens::audit::Audit::default(),
            diagnostics: screens::diagnostics::Diagnostics::default(),
            away: screens::away::Away::default(),
            health: screens::health::Health::default(),
        }
    }

    /// The environment in sight: Fleet's, or that of the run or the form that is open.
    pub fn environment(&self) -> Option<&Environment> {
        self.project.environments.get(self.env_in_sight()?)
    }

    pub fn env_in_sight(&self) -> Option<usize> {
        if self.is_at(ScreenId::Run) || self.is_at(ScreenId::Release) {
            return self.run.environment();
        }
        let form = self.launch.form.as_ref().filter(|_| self.is_at(ScreenId::Launch));
        form.map(|form| form.env).or(self.env)
    }

    /// Goes back to the screen before; the first one stays. The caller runs its `enter`.
    pub fn back(&mut self) {
        if self.stack.len() > 1
            && let Some(left) = self.stack.pop()
        {
            (left.leave)(self);
        }
    }

    /// Says a word to the person.
    pub fn toast(&mut self, level: Level, text: impl Into<String>) {
        let stay = if level == Level::Error { 3 * TOAST_MS } else { TOAST_MS };
        self.toasts.push(Toast { level, text: text.into(), until: self.now.ms + stay });
    }

    /// Rows that a list showed on the last frame.
    pub fn page(&self, list: &str) -> usize {
        self.hits.page(list)
    }

    /// Milliseconds until something changes on the screen by time alone: the clock shows minutes, and seconds count
    /// only while something lives.
    pub fn next_tick(&self) -> i64 {
        let minute = 60_000 - self.now.ms.rem_euclid(60_000);
        // Ages grow on Health.
        let watching = self.is_at(ScreenId::Diagnostics) || self.is_at(ScreenId::Health);
        let live = if watching || self.live_runs.is_some_and(|n| n > 0) {
            1_000 - self.now.ms.rem_euclid(1_000)
        } else {
            minute
        };
        let toast = self.toasts.iter().map(|t| (t.until - self.now.ms).max(1)).min().unwrap_or(minute);
        minute.min(live).min(toast)
    }
}
