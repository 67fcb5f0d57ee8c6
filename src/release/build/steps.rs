//! Stages, steps and gates of the plan, their templates filled in.

use super::fill::Fill;
use super::{Refused, is_blue_green};
use crate::ansible::ask::{Adhoc, Common, Play};
use crate::project::config::release as written;
use crate::project::{Environment, Project};
use crate::release::plan::{Gate, Http, Join, Probe, Stage, Step, StepKind, When};

/// What a step needs to know of its place.
struct Place<'a> {
    project: &'a Project,
    environment: &'a Environment,
    fill: &'a Fill<'a>,
    /// Hosts of the release, for ad-hoc commands that name none.
    pattern: String,
}

impl<'a> Place<'a> {
    fn new(
        release: &written::ReleaseConfig,
        project: &'a Project,
        environment: &'a Environment,
        fill: &'a Fill<'a>,
    ) -> Result<Self, Refused> {
        let pattern = match (&release.how.strategy, &release.hosts) {
            (written::Strategy::BlueGreen { pools }, _) if is_blue_green(release) => {
                let pools = pools.iter().map(|(_, pattern)| fill.text(pattern)).collect::<Result<Vec<_>, _>>()?;
                pools.join(":")
            }
            (_, hosts) => fill.maybe(hosts.as_ref())?.unwrap_or_else(|| "all".into()),
        };
        Ok(Self { project, environment, fill, pattern })
    }

    fn step(&self, step: &written::Step, id: String, batched: bool) -> Result<Step, Refused> {
        let kind = self.kind(&step.kind, batched)?;
        let harmless = match &kind {
            StepKind::Http { request } => request.method == "GET",
            StepKind::Command { .. } | StepKind::Playbook { .. } | StepKind::Adhoc { .. } => {
                id.starts_with("rollback/")
            }
            _ => true,
        };
        Ok(Step {
            name: step.name.clone().unwrap_or_else(|| title(&kind)),
            id,
            kind,
            timeout: step.timeout,
            retries: step.retries,
            idempotent: step.idempotent.unwrap_or(harmless),
            irreversible: step.irreversible,
        })
    }

    fn kind(&self, kind: &written::StepKind, batched: bool) -> Result<StepKind, Refused> {
        Ok(match kind {
            written::StepKind::Command(argv) => StepKind::Command { argv: self.fill.all(argv)? },
            written::StepKind::Playbook { path, tags, skip_tags, options } => {
                let common = Common { limit: self.fill.maybe(options.hosts.as_ref())?, ..self.common(options) };
                let (tags, skip_tags) = (tags.clone(), skip_tags.clone());
                let play = Play { playbook: path.text.clone(), tags, skip_tags, start_at_task: None, common };
                StepKind::Playbook { play }
            }
            written::StepKind::Adhoc { module, args, options } => {
                let pattern = match (&options.hosts, batched) {
                    (Some(hosts), _) => self.fill.text(hosts)?,
                    (None, true) => "all".to_owned(),
                    (None, false) => self.pattern.clone(),
                };
                let common = self.common(options);
                StepKind::Adhoc { adhoc: Adhoc { pattern, module: module.clone(), args: args.clone(), common } }
            }
            written::StepKind::Http(http) => StepKind::Http { request: Http::of(http, |text| self.fill.text(text))? },
            written::StepKind::Approval(needed) => StepKind::Approval { needed: *needed },
            written::StepKind::Pause { message, seconds } => {
                StepKind::Pause { message: message.clone(), seconds: *seconds }
            }
            written::StepKind::Gate(gate) => StepKind::Gate { gate: gate.text.clone() },
            written::StepKind::Switch => StepKind::Switch,
        })
    }

    fn common(&self, options: &written::Options) -> Common {
        Common {
            inventory: self.environment.inventory.clone(),
            r#become: options.r#become,
            become_user: options.become_user.clone(),
            forks: options.forks.or(self.project.forks),
            ..Common::default()
        }
    }
}

/// What a person reads where nobody named the step.
fn title(kind: &StepKind) -> String {
    match kind {
        StepKind::Command { argv } => argv.join(" "),
        StepKind::Playbook { play } => play.playbook.clone(),
        StepKind::Adhoc { adhoc } => {
            format!("{} {}", adhoc.module, adhoc.args.as_deref().unwrap_or("")).trim_end().into()
        }
        StepKind::Http { request } => format!("{} {}", request.method, request.url),
        StepKind::Approval { needed } => format!("approval by {needed}"),
        StepKind::Pause { message, .. } => message.clone(),
        StepKind::Gate { gate } => format!("gate {gate}"),
        StepKind::Switch => "switch traffic".into(),
    }
}

/// The stages.
///
/// # Errors
/// A name that is no variable.
pub fn stages(
    release: &written::ReleaseConfig,
    project: &Project,
    environment: &Environment,
    fill: &Fill<'_>,
) -> Result<Vec<Stage>, Refused> {
    let place = Place::new(release, project, environment, fill)?;
    let deploy = release.stages.iter().position(|stage| stage.name == "deploy").unwrap_or_default();
    let stage = |(at, stage): (usize, &written::Stage)| {
        let when = match at.cmp(&deploy) {
            std::cmp::Ordering::Less => When::Before,
            std::cmp::Ordering::Equal => When::Deploy,
            std::cmp::Ordering::Greater => When::After,
        };
        let mut number = 0;
        let mut groups = Vec::new();
        for group in &stage.groups {
            let mut steps = Vec::new();
            for step in group {
                number += 1;
                steps.push(place.step(step, format!("{}/{number}", stage.name), when == When::Deploy)?);
            }
            groups.push(steps);
        }
        let join = if stage.fail_fast { Join::FailFast } else { Join::All };
        Ok(Stage { name: stage.name.clone(), when, groups, join })
    };
    release.stages.iter().enumerate().map(stage).collect()
}

/// The steps of the way back.
///
/// # Errors
/// A name that is no variable.
pub fn rollback(
    release: &written::ReleaseConfig,
    project: &Project,
    environment: &Environment,
    fill: &Fill<'_>,
) -> Result<Vec<Step>, Refused> {
    let place = Place::new(release, project, environment, fill)?;
    let steps = release.rollback.iter().enumerate();
    steps.map(|(at, step)| place.step(step, format!("rollback/{}", at + 1), true)).collect()
}

/// The gates.
///
/// # Errors
/// A name that is no variable.
pub fn gates(release: &written::ReleaseConfig, fill: &Fill<'_>) -> Result<Vec<Gate>, Refused> {
    let gate = |gate: &written::Gate| {
        let probe = Probe::of(&gate.probe, |text| fill.text(text))?;
        Ok(Gate {
            name: gate.name.clone(),
            probe,
            interval: gate.readings.interval,
            timeout: gate.readings.timeout,
            passes: gate.readings.passes,
            fails: gate.readings.fails,
            inconclusive: gate.readings.inconclusive,
            window: gate.readings.window,
        })
    };
    release.gates.iter().map(gate).collect()
}
