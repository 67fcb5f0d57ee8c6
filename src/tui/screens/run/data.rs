//! What arrives for the Run screen, what it asks for, and what the news do to it.

use super::{Opened, Run, Shown, groups};
use crate::ansible::secrets::SecretName;
use crate::run::outputs::Group;
use crate::tui::effect;
use crate::tui::model::Model;
use crate::tui::model::screen::Request;
use crate::tui::model::secrets::Sealed;
use crate::tui::widgets::order::first_error;
use crate::tui::widgets::result::Line;
use uuid::Uuid;

/// What arrives for this screen. What comes for another run than the one in sight is late, and left out.
#[derive(Debug)]
pub enum Data {
    Opened(Uuid, Box<Opened>),
    /// It could not be.
    Failed(Uuid, String),
    /// Its journal has gained these lines; what is wrong with it, if something is.
    Grown(Uuid, crate::run::Grown),
    /// Whether a supervisor watches it.
    Watched(Uuid, bool),
    /// How long the same thing took before (milliseconds).
    Past(Uuid, Vec<i64>),
    Result {
        id: Uuid,
        task: u32,
        host: u32,
        /// Its lines, or why not.
        lines: Result<Vec<Line>, String>,
    },
    /// What the hosts said was read and folded.
    Groups(Uuid, Vec<Group>),
    /// Go on with what is under way in the output.
    More(Uuid),
    /// What would do the run again, and the names of the passwords that it had.
    Again {
        id: Uuid,
        /// As it would be launched.
        request: Sealed,
        /// Names of passwords and private answers.
        secrets: Vec<SecretName>,
    },
}

pub fn arrived(model: &mut Model, data: Data) -> Vec<effect::Effect> {
    let shown = model.run.id;
    let run = &mut model.run;
    match data {
        Data::Opened(id, opened) if Some(id) == shown => {
            run.by_host = matches!(opened.spec.work.kind(), "adhoc" | "shell");
            run.by_group = opened.spec.work.kind() == "shell";
            (run.opened, run.problem, run.grown) = (Some(*opened), None, true);
            run.reorder();
            let mut effects = model.ask(Request::RunOpened);
            effects.extend(news(&mut model.run));
            effects.extend(groups::ask(&mut model.run));
            effects
        }
        Data::Failed(id, why) if Some(id) == shown => {
            run.problem = Some(why);
            vec![]
        }
        Data::Grown(id, grown) if Some(id) == shown => {
            let Some(o) = &mut run.opened else { return vec![] };
            run.grown |= grown.output || !grown.lines.is_empty();
            o.state.apply_lines(&grown.lines);
            match &grown.damage {
                Some(why) if grown.doubted => o.state.disbelieve(why),
                Some(why) if grown.lost => o.state.lose(why),
                _ => {}
            }
            o.damage = grown.damage.or(o.damage.take());
            run.reorder();
            let mut effects = news(run);
            effects.extend(groups::ask(run));
            effects.extend(model.ask(Request::RunGrown));
            effects
        }
        Data::Watched(id, watched) if Some(id) == shown => {
            run.watched = Some(watched);
            vec![]
        }
        Data::Past(id, past) if Some(id) == shown => {
            run.past = past;
            vec![]
        }
        Data::Result { id, task, host, lines } if Some(id) == shown => {
            if let Some(r) = run.result.as_mut().filter(|r| (r.task, r.host) == (task, host)) {
                r.lines = Some(lines);
            }
            vec![]
        }
        Data::Groups(id, found) if Some(id) == shown => groups::arrived(run, found),
        Data::More(id) if Some(id) == shown => {
            run.more = false;
            vec![]
        }
        Data::Again { id, request, secrets } if Some(id) == shown => model.ask(Request::Again { request, secrets }),
        Data::Opened(..)
        | Data::Failed(..)
        | Data::Grown(..)
        | Data::Watched(..)
        | Data::Past(..)
        | Data::More(_)
        | Data::Again { .. }
        | Data::Groups(..)
        | Data::Result { .. } => {
            vec![]
        }
    }
}

/// The first real error unfolds by itself, once, unless the person looks at something else.
fn news(run: &mut Run) -> Vec<effect::Effect> {
    if run.chosen {
        return vec![];
    }
    let Some((task, host)) = run.state().and_then(first_error) else { return vec![] };
    if matches!(&run.result, Some(Shown { task: t, host: h, .. }) if (*t, *h) == (task, host)) {
        return vec![];
    }
    run.unfold(task, host)
}
