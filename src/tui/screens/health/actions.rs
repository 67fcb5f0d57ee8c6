//! What can be done on Health.

use super::{Face, SCREEN, answers, force, hands, hush, reach, refresh, rows, wall};
use crate::health::breaker::Forcing;
use crate::tui::actions::{Action, Danger};
use crate::tui::effect::Effect;
use crate::tui::model::Model;

pub const ACTIONS: &[Action] = &[
    Action::new(
        "health.open",
        &["enter"],
        "open",
        "Open a common cause, the last answers of a check with the exact command, or the checks of a host on the wall",
        open,
    )
    .hint(80)
    .unless(none),
    Action::new("health.filter", &["/"], "filter", "Show only checks whose line holds these words", |m| {
        m.health.face = Face::Table;
        m.health.typing = true;
        vec![]
    })
    .hint(70),
    Action::new("health.wall", &["w"], "wall", "Show one cell a host, or the table of checks", turn_wall).hint(60),
    Action::new("health.loud", &["v"], "not well", "Show only what is not well, or everything", |m| {
        m.health.choice.loud = !m.health.choice.loud;
        refresh(m);
        vec![]
    })
    .hint(50)
    .only(is_table),
    Action::new(
        "health.sort",
        &["o"],
        "sort",
        "Change the order: worst first, changed last first, by host, by check",
        |m| {
            m.health.choice.sort = m.health.choice.sort.next();
            refresh(m);
            vec![]
        },
    )
    .hint(40)
    .only(is_table),
    Action::new(
        "health.force-open",
        &["X"],
        "force open",
        "Force the breaker of this host or service open for a while: releases wait, recovery leaves it alone",
        |m| force::begin(m, Some(Forcing::Open)),
    )
    .hint(45)
    .only(is_table)
    .unless(no_breaker)
    .asks(Danger::TypeName, |m| force::question(m, Some(Forcing::Open))),
    Action::new(
        "health.force-closed",
        &["C"],
        "force closed",
        "Force the breaker of this host or service closed for a while, whatever results say",
        |m| force::begin(m, Some(Forcing::Closed)),
    )
    .hint(38)
    .only(is_table)
    .unless(no_breaker)
    .asks(Danger::TypeName, |m| force::question(m, Some(Forcing::Closed))),
    Action::new(
        "health.release",
        &["A"],
        "breaker auto",
        "Take back what a person said of the breaker of this host or service: results decide again",
        |m| force::begin(m, None),
    )
    .hint(68)
    .only(|m| is_table(m) && force::is_forced(m))
    .unless(no_breaker)
    .asks(Danger::TypeName, |m| force::question(m, None)),
    Action::new(
        "health.silence",
        &["S"],
        "silence",
        "Silence this check, its host, the check everywhere or a common cause for a while, or lift that: nobody is told, \
         recovery leaves it alone",
        hush::begin,
    )
    .hint(66)
    .only(is_table)
    .unless(|m| if is_table(m) { hush::none(m) } else { Some("choose a line of the table first".into()) })
    .asks(Danger::Form, |_| vec![]),
    Action::new(
        "health.take-over",
        &["t"],
        "take over",
        "Take over what recovery gave up or has in hand, of this line or of all hosts of a common cause: it does nothing more",
        hands::begin,
    )
    .hint(75)
    .only(|m| is_table(m) && hands::none(m).is_none())
    .unless(|m| if is_table(m) { hands::none(m) } else { Some("choose a line of the table first".into()) })
    .asks(Danger::Form, |_| vec![]),
    Action::new(
        "health.recovery",
        &["R"],
        "recovery",
        "Recovery commands of opsdeck.yaml for this host, or for all hosts of a common cause",
        reach::runbooks,
    )
    .hint(78)
    .unless(reach::no_runbook),
    Action::new(
        "health.shell",
        &["!"],
        "shell",
        "Run a shell command on this host, or on all hosts of a common cause, over warm SSH connections",
        reach::shell,
    )
    .hint(76)
    .unless(reach::no_shell),
    Action::new("health.copy", &["y"], "copy", "Copy the name of the host; from the answers the newest command", |m| {
        copied(m).map(Effect::Copy).into_iter().collect()
    })
    .hint(42)
    .only(|m| !is_table(m))
    .unless(|m| copied(m).is_none().then(|| "there is nothing to copy".into())),
    Action::new(
        "health.back",
        &["esc"],
        "back",
        "Close the answers, the wall or one host's checks, else go back",
        back,
    ),
];

fn is_table(model: &Model) -> bool {
    matches!(model.health.face, Face::Table)
}

fn none(model: &Model) -> Option<String> {
    let s = &model.health;
    let empty = match s.face {
        Face::Table => s.lines.is_empty(),
        Face::Wall(_) => s.of(model.env).is_none_or(|picture| picture.board.cells.is_empty()),
        Face::Answers(_) => return Some("the answers are open".into()),
    };
    empty.then(|| "nothing is under the cursor".into())
}

fn no_breaker(model: &Model) -> Option<String> {
    if is_table(model) { force::none(model) } else { Some("choose a line of the table first".into()) }
}

fn copied(model: &Model) -> Option<String> {
    match &model.health.face {
        Face::Answers(answers) => answers.newest_command(),
        Face::Table | Face::Wall(_) => reach::host(model),
    }
}

/// Opens what is under the cursor.
pub fn open(model: &mut Model) -> Vec<Effect> {
    if let Face::Wall(_) = model.health.face {
        model.health.choice.host = reach::host(model);
        model.health.face = Face::Table;
        (model.health.list, model.health.moved) = (Default::default(), false);
        refresh(model);
        return vec![];
    }
    if model.health.cause().is_some() {
        return fold(model, None);
    }
    let (Some(row), Some(env)) = (model.health.current(), model.env) else { return vec![] };
    let answers = answers::Answers::new(row.host.clone(), row.probe.clone(), row.check.clone());
    let effects = vec![answers.ask(env)];
    model.health.face = Face::Answers(answers);
    effects
}

/// Opens the cause under the cursor (`Some(true)`), closes it, or does the other.
pub fn fold(model: &mut Model, open: Option<bool>) -> Vec<Effect> {
    let s = &mut model.health;
    let Some(picture) = &s.picture else { return vec![] };
    let cause = s.cause().or_else(|| s.current().filter(|_| open == Some(false))?.cause);
    if let Some(cause) = cause {
        let name = rows::name(&picture.board, cause);
        if open.unwrap_or(!s.choice.open.contains(&name)) {
            s.choice.open.insert(name);
        } else {
            s.choice.open.remove(&name);
        }
        refresh(model);
    }
    vec![]
}

fn turn_wall(model: &mut Model) -> Vec<Effect> {
    let host = reach::host(model);
    let at = |name: &String| model.health.of(model.env)?.board.cells.iter().position(|cell| cell.host == *name);
    model.health.face = match model.health.face {
        Face::Wall(_) => Face::Table,
        _ => Face::Wall(wall::Wall { cursor: host.as_ref().and_then(at).unwrap_or(0) }),
    };
    vec![]
}

fn back(model: &mut Model) -> Vec<Effect> {
    let s = &mut model.health;
    match &s.face {
        Face::Table if s.choice.host.take().is_some() => refresh(model),
        Face::Table if !s.filter.text().is_empty() => {
            s.filter.set("");
            refresh(model);
        }
        Face::Table => {
            model.back();
            if model.screen().name != SCREEN.name {
                return (model.screen().enter)(model);
            }
        }
        Face::Answers(_) | Face::Wall(_) => s.face = Face::Table,
    }
    vec![]
}
