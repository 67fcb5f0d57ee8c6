//! Silences on the screen: what a line would silence, the narrowest first, or which silence it is under.

use super::form::{self, Offer, What};
use crate::health::silence::{self, Target, Word, words};
use crate::state::silences::SilenceRow;
use crate::text::human;
use crate::tui::effect;
use crate::tui::model::Model;

/// The silence that the line under the cursor is under.
fn held(model: &Model) -> Option<&SilenceRow> {
    let (picture, row) = (model.health.of(model.env)?, model.health.current()?);
    picture.silences.of(silence::What { host: row.host.as_deref(), check: Some(&row.check), service: None })
}

/// What can be said of the line.
fn what(model: &Model) -> Option<What> {
    let environment = model.project.environments.get(model.env?)?.name.clone();
    let offer = |head: String, targets: Vec<Target>| Offer {
        head,
        word: Word { environment: environment.clone(), targets, reason: String::new() },
    };
    if let Some(row) = held(model) {
        let target = Target::named(&row.target);
        let with = model.health.of(model.env)?.silences.said_with(row);
        let mut offers = vec![offer(target.to_string(), vec![target])];
        if with.len() > 1 {
            offers.push(offer(format!("all {} that were silenced with it", human::count(with.len() as u64)), with));
        }
        return Some(What::Lift(offers, words(row)));
    }
    let offers = match model.health.cause() {
        Some(cause) => of_cause(model, cause)?,
        None => of_row(model)?,
    };
    Some(What::Silence(offers.into_iter().map(|(head, targets)| offer(head, targets)).collect()))
}

/// In words and as targets, the narrowest first.
type Offers = Vec<(String, Vec<Target>)>;

fn of_row(model: &Model) -> Option<Offers> {
    let row = model.health.current()?;
    let check = row.check.clone();
    let Some(host) = row.host.clone() else { return Some(vec![(check.clone(), vec![Target::Check(check)])]) };
    let mut offers = vec![(format!("{host}: every check of it"), vec![Target::Host(host.clone())])];
    // A line that stands for several checks, or for none yet, has no name of its own.
    if row.folded == 1 && row.age.is_some() {
        let one = Target::One { check: check.clone(), host: host.clone() };
        offers.insert(0, (format!("{check} on {host}"), vec![one]));
        offers.push((format!("{check} on every host"), vec![Target::Check(check)]));
    }
    Some(offers)
}

fn of_cause(model: &Model, at: usize) -> Option<Offers> {
    let board = &model.health.of(model.env)?.board;
    let cause = board.causes.get(at)?;
    let (check, these) = (&cause.family, human::of(cause.hosts.len() as u64, "host"));
    let each = |target: fn(&str, String) -> Target| cause.hosts.iter().cloned().map(|h| target(check, h)).collect();
    let all = each(|_, host| Target::Host(host));
    let mut offers = vec![(format!("these {these}: every check of them"), all)];
    if board.rows.iter().filter(|row| row.cause == Some(at)).all(|row| row.folded == 1) {
        let one = each(|check, host| Target::One { check: check.to_owned(), host });
        offers.insert(0, (format!("{check} on these {these}"), one));
        offers.push((format!("{check} on every host"), vec![Target::Check(check.clone())]));
    }
    Some(offers)
}

/// Why there is nothing to silence.
pub fn none(model: &Model) -> Option<String> {
    let line =
        model.health.of(model.env).is_some() && (model.health.cause().is_some() || model.health.current().is_some());
    (!line).then(|| "nothing is under the cursor".into())
}

/// Asks for what, for how long, and why.
pub fn begin(model: &mut Model) -> Vec<effect::Effect> {
    what(model).map_or_else(Vec::new, |what| form::begin(model, what))
}
