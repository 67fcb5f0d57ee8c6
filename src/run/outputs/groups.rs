//! The fold: outputs in, groups out. Pure. The largest group of hosts that ended well is what the others are compared
//! with; groups come with what needs a person last, where a terminal shows it.

use super::marks::marks;
pub use super::marks::{Line, Mark};
use super::{End, Output};
use serde::Serialize;
use std::collections::HashMap;

/// Hosts that said the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// How it ended on each of them.
    pub end: End,
    /// The hosts, in the order in which they came.
    pub hosts: Vec<String>,
    pub lines: Vec<Line>,
    /// This is what most said.
    pub majority: bool,
}

pub fn fold(outputs: &[Output]) -> Vec<Group> {
    let mut order: Vec<(&Output, Vec<String>)> = Vec::new();
    let mut known: HashMap<(&End, &[String], &str), usize> = HashMap::new();
    for output in outputs {
        let key = (&output.end, output.lines.as_slice(), output.digest.as_str());
        let at = *known.entry(key).or_insert_with(|| {
            order.push((output, Vec::new()));
            order.len() - 1
        });
        order[at].1.push(output.host.clone());
    }
    // The first of the largest: `max_by_key` would give the last.
    let ended = order.iter().filter(|(output, _)| matches!(output.end, End::Code(_)));
    let most = ended.rev().max_by_key(|(output, hosts)| (hosts.len(), output.end == End::Code(0)));
    let most = most.map(|(output, hosts)| (*output, hosts.len()));
    // One host beside one other is no majority: nothing is marked then.
    let most = most.filter(|(_, hosts)| *hosts > 1);
    let mut groups: Vec<Group> = order
        .into_iter()
        .map(|(output, hosts)| {
            let majority = most.is_some_and(|(m, _)| std::ptr::eq(m, output));
            let compared = most.filter(|_| !majority && matches!(output.end, End::Code(_)));
            let lines = match compared {
                Some((most, _)) => marks(&most.lines, &output.lines),
                None => output.lines.iter().map(|l| Line { mark: Mark::Same, text: l.clone() }).collect(),
            };
            Group { end: output.end.clone(), hosts, lines, majority }
        })
        .collect();
    groups.sort_by(|a, b| (rank(&a.end), b.hosts.len()).cmp(&(rank(&b.end), a.hosts.len())));
    groups
}

fn rank(end: &End) -> u8 {
    match end {
        End::Code(0) => 0,
        End::Running => 1,
        End::Code(_) => 2,
        End::Failed => 3,
        End::Unreachable => 4,
        End::Unknown => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn output(host: &str, end: End, text: &str) -> Output {
        let lines = text.lines().map(str::to_owned).collect();
        Output { host: host.to_owned(), end, lines, digest: String::new() }
    }

    #[test]
    fn equal_hosts_are_one_group_and_the_odd_one_is_marked() {
        let all = [
            output("a", End::Code(0), "v1\nup"),
            output("b", End::Code(0), "v2\nup"),
            output("c", End::Code(0), "v1\nup"),
            output("d", End::Unreachable, "refused"),
            output("e", End::Code(3), "v1"),
        ];
        let groups = fold(&all);
        let hosts: Vec<_> = groups.iter().map(|g| g.hosts.join(",")).collect();
        assert_eq!(hosts, ["a,c", "b", "e", "d"]);
        assert!(groups[0].majority && groups[0].lines.iter().all(|l| l.mark == Mark::Same));
        let marked = |g: &Group| g.lines.iter().map(|l| (l.mark, l.text.as_str().to_owned())).collect::<Vec<_>>();
        let line = |mark, text: &str| (mark, text.to_owned());
        assert_eq!(marked(&groups[1]), [line(Mark::Missing, "v1"), line(Mark::Added, "v2"), line(Mark::Same, "up")]);
        assert_eq!(marked(&groups[2]), [line(Mark::Same, "v1"), line(Mark::Missing, "up")]);
        assert_eq!(marked(&groups[3]), [line(Mark::Same, "refused")]);
    }

    #[test]
    fn what_was_not_kept_still_tells_hosts_apart() {
        let cut = |host: &str, digest: &str| Output { digest: digest.into(), ..output(host, End::Code(0), "x") };
        assert_eq!(fold(&[cut("a", "1"), cut("b", "2"), cut("c", "1")]).len(), 2);
    }

    fn any_output() -> impl Strategy<Value = (End, String)> {
        let end = prop_oneof![Just(End::Code(0)), Just(End::Code(1)), Just(End::Unreachable), Just(End::Unknown)];
        (end, "([ab]\n){0,4}")
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn no_host_is_lost_or_doubled_and_equal_ones_stand_together(all in proptest::collection::vec(any_output(), 0..12)) {
            let all: Vec<Output> =
                all.iter().enumerate().map(|(i, (end, text))| output(&i.to_string(), end.clone(), text)).collect();
            let groups = fold(&all);
            let mut hosts: Vec<usize> = groups.iter().flat_map(|g| &g.hosts).map(|h| h.parse().unwrap()).collect();
            hosts.sort_unstable();
            prop_assert_eq!(hosts, (0..all.len()).collect::<Vec<_>>());
            for group in &groups {
                // Without the marks every group says exactly what its hosts said.
                let said = group.lines.iter().filter(|l| l.mark != Mark::Missing).map(|l| l.text.clone());
                let said: Vec<String> = said.collect();
                for host in &group.hosts {
                    let own = &all[host.parse::<usize>().unwrap()];
                    prop_assert_eq!((&own.lines, &own.end), (&said, &group.end));
                }
            }
            let mut keys: Vec<_> = all.iter().map(|o| (&o.end, &o.lines)).collect();
            keys.sort();
            keys.dedup();
            prop_assert_eq!(keys.len(), groups.len());
            prop_assert!(groups.iter().filter(|g| g.majority).count() <= 1);
        }
    }
}
