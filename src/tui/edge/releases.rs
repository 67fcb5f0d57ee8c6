//! Performs the effects of the list of releases: what is offered, the frozen plan, the submission.

use super::{Context, said};
use crate::api::Wanted;
use crate::tui::model::secrets::Kept;
use crate::tui::msg::{Data, Msg};
use crate::tui::screens::releases::{self as screen, Built, Effect, Offer, Order};

pub(super) fn perform(context: &Context, effect: Effect) {
    let data = match effect {
        Effect::List { env } => screen::Data::Offers { env, offers: offers(context, env) },
        Effect::Build(order) => {
            let built = built(context, &order);
            screen::Data::Built { order, built }
        }
        Effect::Submit(built, Kept(secrets)) => {
            let launched = context.act(|acting| acting.submit(built, &secrets, None));
            screen::Data::Submitted(launched.map(|launched| (launched.id, launched.warnings)))
        }
        Effect::Rehearse(built, Kept(secrets)) => {
            // The first of them is watched.
            let launched = context.act(|acting| acting.rehearse(&built.plan, &secrets));
            screen::Data::Rehearsed(
                launched
                    .and_then(|all| all.first().map(|first| first.id).ok_or_else(|| "nothing was launched".to_owned())),
            )
        }
    };
    context.answer(Msg::Data(Data::Releases(data)));
}

fn environment(context: &Context, env: usize) -> Result<&str, String> {
    let found = context.project.environments.get(env);
    found.map(|e| e.name.as_str()).ok_or_else(|| "the environment is no longer there".into())
}

fn offers(context: &Context, env: usize) -> Result<Vec<Offer>, String> {
    context.desk.offers(&context.project, environment(context, env)?).map_err(|e| said(&e))
}

fn built(context: &Context, order: &Order) -> Result<Built, String> {
    let wanted = Wanted {
        release: order.release.clone(),
        environment: environment(context, order.env)?.to_owned(),
        version: order.version.clone(),
        // One text is one `-x`: `a=1 b=2`, JSON or `@file`, as on Launch.
        extra_vars: Some(order.vars.clone()).filter(|vars| !vars.is_empty()).into_iter().collect(),
        current: order.current.clone(),
        active: None,
        again: order.again,
    };
    context.desk.plan(&context.project, &wanted).map_err(|e| said(&e))
}
