//! Puts the effects of one decision in order: one sentence of what is waited for, and nothing after a change of state.
//! Several things that wait side by side would else take turns for ever, each the other's news.

use super::{Effect, View, record};
use crate::release::event::Event;

impl View<'_> {
    /// All `Waits` joined into one at the end, left out where it is no news; after a change of state only what people
    /// are told and what stands in the way of going on.
    pub(super) fn tidied(&self, effects: Vec<Effect>) -> Vec<Effect> {
        let (mut tidy, mut words, mut in_way) = (Vec::with_capacity(effects.len()), Vec::new(), Vec::new());
        let mut entered = false;
        for effect in effects {
            match effect {
                Effect::Record(Event::Waits { blocks, .. }) if entered && blocks.is_empty() => {}
                Effect::Record(Event::Waits { what, blocks }) => {
                    words.extend(what.into_iter().filter(|what| !words.contains(what)).collect::<Vec<_>>());
                    in_way.extend(blocks);
                }
                Effect::Record(Event::Paged { .. }) | Effect::Page { .. } => tidy.push(effect),
                effect if !entered => {
                    if matches!(effect, Effect::Record(Event::Entered { .. })) {
                        // What was waited for belongs to the state that is left.
                        (entered, words, in_way) = (true, Vec::new(), Vec::new());
                    }
                    tidy.push(effect);
                }
                _ => {}
            }
        }
        let what = (!words.is_empty()).then(|| words.join("; "));
        let news = entered || self.state.waits != what || self.state.blocks != in_way;
        if what.is_some() && news {
            tidy.push(record(Event::Waits { what, blocks: in_way }));
        }
        tidy
    }
}

/// Nothing is done: it is waited.
pub(super) fn only_waits(effects: &[Effect]) -> bool {
    effects.iter().all(|effect| matches!(effect, Effect::Record(Event::Waits { .. })))
}
