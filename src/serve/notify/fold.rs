//! What begins on many hosts at once is one notice that names all of them: whoever is called at night reads it once. Pure.

use super::message::Message;
use crate::health::board::{MOMENT, is_common, way};
use crate::text::plain;
use std::collections::{BTreeMap, BTreeSet};

/// Hosts that are named; how many more there are is said.
const NAMES: usize = 20;

/// News of one host, not told yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Fresh {
    /// What its check has in common with others (`disk`).
    pub family: String,
    /// Why, in the check's own words.
    pub why: String,
    /// What is told of it alone.
    pub message: Message,
}

/// What is told: of a common cause once, of all else one by one. `of`: how many hosts have a check; `said`: what holds.
pub fn fold<'a>(
    fresh: Vec<Fresh>,
    of: impl Fn(&str) -> usize,
    said: impl Iterator<Item = &'a Message> + Clone,
) -> Vec<Message> {
    let mut alike: BTreeMap<(String, String, Option<String>), Vec<Fresh>> = BTreeMap::new();
    for one in fresh {
        let key = (one.family.clone(), one.message.event.clone(), one.message.receiver.clone());
        alike.entry(key).or_default().push(one);
    }
    let mut told = Vec::new();
    for ((family, ..), mut group) in alike {
        group.sort_by_key(|one| one.message.at);
        for moment in group.chunk_by(|a, b| b.message.at - a.message.at <= MOMENT) {
            // A host counts once, however many of its disks are full.
            let hosts: BTreeSet<&str> = moment.iter().filter_map(|one| one.message.host.as_deref()).collect();
            match is_common(hosts.len(), of(&family)) {
                true => told.push(common(&family, of(&family), &hosts, moment, said.clone())),
                false => told.extend(moment.iter().map(|one| one.message.clone())),
            }
        }
    }
    told
}

fn common<'a>(
    family: &str,
    of: usize,
    hosts: &BTreeSet<&str>,
    moment: &[Fresh],
    mut said: impl Iterator<Item = &'a Message>,
) -> Message {
    let first = &moment[0].message;
    let parts: Vec<String> = moment.iter().map(|one| one.message.about.clone()).collect();
    // The next person who is called for the same hosts hears of the same thing.
    let before = said.find(|message| message.of.iter().any(|part| parts.contains(part)));
    let about = before.map_or_else(|| format!("cause/{}", first.about), |message| message.about.clone());
    let ways = moment.iter().map(|one| way(&one.why, one.message.host.as_deref().unwrap_or_default()));
    let ways: BTreeSet<String> = ways.collect();
    let why = ways.first().filter(|way| ways.len() == 1 && !way.is_empty());
    let why = why.map(|way| format!(": {way}")).unwrap_or_default();
    let names: Vec<&str> = hosts.iter().copied().take(NAMES).collect();
    let more = hosts.len().saturating_sub(NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (event, n) = (first.event.replace('_', " "), hosts.len());
    let text = format!("{family}: {event} on {n} of {of} hosts at once{why}: {}{more}", names.join(", "));
    Message {
        key: format!("cause/{}", first.key),
        about,
        host: None,
        check: Some(family.to_owned()),
        text: plain(&text).into_owned(),
        run: None,
        of: parts,
        ..first.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(host: &str, at: i64, why: &str) -> Fresh {
        let message = Message::of_check("prod", Some(host), "web", why, at);
        Fresh { family: "web".into(), why: why.into(), message }
    }

    fn told(fresh: Vec<Fresh>, of: usize) -> Vec<String> {
        fold(fresh, |_| of, [].iter()).into_iter().map(|message| message.text).collect()
    }

    #[test]
    fn three_at_once_or_more_than_a_fifth_are_one_notice_and_fewer_are_not() {
        let refused = |n: i64| bad(&format!("w{n}"), 1_000 * n, &format!("10.0.0.{n}:8080: connection refused"));
        assert_eq!(told((1..=2).map(refused).collect(), 10).len(), 2);
        assert_eq!(
            told((1..=2).map(refused).collect(), 9),
            ["web: bad on 2 of 9 hosts at once: :8080 connection refused: w1, w2"]
        );
        assert_eq!(told(vec![refused(1)], 1), ["web on w1: 10.0.0.1:8080: connection refused"]);
        let many: Vec<Fresh> = (1..=30).map(refused).collect();
        let [text] = told(many, 1_000).try_into().unwrap();
        assert!(text.ends_with(" and 10 more") && text.starts_with("web: bad on 30 of 1000 hosts"), "{text}");
    }

    #[test]
    fn what_is_apart_in_time_or_kind_has_no_one_cause() {
        let late = vec![bad("w1", 0, "refused"), bad("w2", 70_000, "refused"), bad("w3", 140_000, "refused")];
        assert_eq!(told(late, 20).len(), 3);
        let mut other = bad("w3", 2_000, "refused");
        other.family = "db".into();
        assert_eq!(told(vec![bad("w1", 0, "refused"), bad("w2", 1_000, "refused"), other], 20).len(), 3);
        let ways = vec![bad("w1", 0, "refused"), bad("w2", 0, "503"), bad("w3", 0, "refused")];
        assert_eq!(told(ways, 20), ["web: bad on 3 of 20 hosts at once: w1, w2, w3"]);
    }

    #[test]
    fn it_stands_for_its_parts_and_is_told_again_under_one_name() {
        let fresh = || ["w1", "w2", "w3"].map(|host| bad(host, 5, "refused")).to_vec();
        let one = fold(fresh(), |_| 9, [].iter()).remove(0);
        assert_eq!((one.host.as_deref(), one.of.len(), one.of[0].as_str()), (None, 3, "check/prod/w1/web"));
        let again = fold(fresh().split_off(0), |_| 3, [one.clone()].iter()).remove(0);
        assert_eq!(again.about, one.about);
    }
}
