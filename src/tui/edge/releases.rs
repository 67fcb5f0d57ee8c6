//! Performs the effects of the list of releases: what is offered, the frozen plan, the submission.

use super::Context;
use crate::ansible::secrets::Secrets;
use crate::project::config::release::{ReleaseConfig, Strategy};
use crate::release;
use crate::release::build::{self, Wish};
use crate::release::plan::Plan;
use crate::release::traffic::active;
use crate::run;
use crate::text;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::releases::{self as screen, Built, Effect, Kept, Offer, Order};
use uuid::Uuid;

pub(super) fn perform(context: &Context, effect: Effect) {
    let data = match effect {
        Effect::List { env } => screen::Data::Offers { env, offers: offers(context, env) },
        Effect::Build(order) => {
            let built = built(context, &order);
            screen::Data::Built { order, built }
        }
        Effect::Submit(Built { plan, digest }, Kept(secrets)) => {
            let launched = release::launch(&context.state, *plan, digest, &secrets, None);
            screen::Data::Submitted(launched.map(|l| (l.id, l.warnings)).map_err(said))
        }
        Effect::Rehearse(Built { plan, .. }, Kept(secrets)) => {
            screen::Data::Rehearsed(rehearsed(context, &plan, &secrets))
        }
    };
    context.answer(Msg::Data(Data::Releases(data)));
}

/// Launches every deploy step in check mode; gives the first of them, to be watched.
fn rehearsed(context: &Context, plan: &Plan, secrets: &Secrets) -> Result<Uuid, String> {
    let mut first = None;
    for mut request in release::rehearse::rehearse(plan) {
        request.secrets = secrets.clone();
        let launched = run::launch(&context.state, request).map_err(said)?;
        first.get_or_insert(launched.id);
    }
    first.ok_or_else(|| "no deploy step is a playbook or an ad-hoc command".into())
}

fn said(error: impl std::fmt::Display) -> String {
    text::plain(&error.to_string()).into_owned()
}

fn environment(context: &Context, env: usize) -> Result<&str, String> {
    let found = context.project.environments.get(env);
    found.map(|e| e.name.as_str()).ok_or_else(|| "the environment is no longer there".into())
}

fn offers(context: &Context, env: usize) -> Result<Vec<Offer>, String> {
    let name = environment(context, env)?;
    let here = |r: &&ReleaseConfig| r.environments.is_empty() || r.environments.iter().any(|e| e == name);
    let offer = |r: &ReleaseConfig| {
        Ok(Offer {
            name: r.name.clone(),
            help: r.help.clone().unwrap_or_default(),
            strategy: match r.strategy {
                Strategy::Rolling { .. } => "rolling",
                Strategy::BlueGreen { .. } => "blue-green",
                Strategy::Canary { .. } => "canary",
            },
            current: build::last_stable(&context.state, &r.name, name).map_err(said)?,
        })
    };
    context.project.releases.iter().filter(here).map(offer).collect()
}

fn built(context: &Context, order: &Order) -> Result<Built, String> {
    let environment = environment(context, order.env)?;
    let stable = build::last_stable(&context.state, &order.release, environment).map_err(said)?;
    let current = stable.or_else(|| order.current.clone());
    // One text is one `-x`: `a=1 b=2`, JSON or `@file`, as on Launch.
    let extra_vars: Vec<String> = Some(order.vars.clone()).filter(|v| !v.is_empty()).into_iter().collect();
    let wish = Wish {
        project: &context.project,
        release: &order.release,
        environment,
        version: &order.version,
        extra_vars: &extra_vars,
        current,
        again: order.again,
        active: &|balancers| active(balancers, &context.project.root),
    };
    let plan = build::build(&wish).map_err(said)?;
    let digest = plan.digest();
    Ok(Built { plan: Box::new(plan), digest })
}
