//! Orders of the host table.

use super::*;
use crate::health::judge::Status;

#[test]
fn numbers_in_names_count_as_numbers() {
    let mut names = vec!["web10", "web2", "web02b", "db1", "web", "数10", "数9"];
    names.sort_by(|a, b| natural(a, b));
    assert_eq!(names, ["db1", "web", "web2", "web02b", "web10", "数9", "数10"]);
}

#[test]
fn what_is_not_known_never_stands_among_what_is_well() {
    let names = ["ok", "stale", "bad", "asked", "never", "suspect", "warn"].map(str::to_owned);
    let topology = Topology { hosts: names.to_vec(), groups: vec![] };
    let how = |status, suspect, cpu: Option<f64>| How { worst: (status, suspect), cpu, ..How::default() };
    let health = [
        ("ok", how(Status::Ok, false, Some(3.0))),
        ("stale", how(Status::Stale, false, None)),
        ("bad", how(Status::Bad, false, None)),
        ("asked", how(Status::Unknown, false, None)),
        ("suspect", how(Status::Ok, true, Some(97.0))),
        ("warn", how(Status::Warn, false, Some(0.0))),
    ];
    let health = health.into_iter().map(|(name, how)| (name.to_owned(), how)).collect();
    let known = Known { groups_of: &[], last_runs: None, health: &health };
    let order = |by| {
        let mut rows: Vec<u32> = (0..7).collect();
        sort(&mut rows, by, &topology, known);
        rows.iter().map(|i| topology.hosts[*i as usize].clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(order(Sort::State), "bad warn stale asked never suspect ok");
    assert_eq!(order(Sort::Cpu), "suspect ok warn bad stale asked never");
    assert_eq!(order(Sort::Memory), "bad warn stale asked never suspect ok", "of none is it known");
}

#[test]
fn the_key_goes_through_all_orders() {
    for (n, sort) in Sort::ALL.into_iter().enumerate() {
        assert_eq!((sort.index(), sort.next()), (n, Sort::ALL[(n + 1) % Sort::ALL.len()]));
    }
}
