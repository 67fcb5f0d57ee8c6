//! Sources that would fill the memory: refused before they do, by file, line and column, and Ansible is not asked.

use crate::inventory::{Declined, Inventory, Options};
use std::time::Instant;

fn load(name: &str, text: &str) -> Result<Inventory, Declined> {
    let tmp = tempfile::tempdir().unwrap();
    std::fs::write(tmp.path().join(name), text).unwrap();
    Inventory::load(tmp.path(), &[name.to_owned()], &Options::default())
}

#[test]
fn ranges_of_too_many_hosts_are_refused_where_they_stand() {
    let begun = Instant::now();
    for (name, text, at) in [
        ("hosts.ini", "[web]\nw1\nh[0:99999999]\n", ":3:1"),
        ("hosts.ini", "[web]\nh[0:9999][0:9999]\n", ":2:1"),
        ("hosts.ini", "[web]\nh[a:Z][a:Z][a:Z][a:Z]\n", ":2:1"),
        ("hosts.yml", "all:\n  hosts:\n    h[0:99999999]:\n", ":3:5"),
        ("hosts.ini", "[web]\nw[1:99999999999999999999999]\n", ":2:1"),
        ("hosts.yml", "all:\n  hosts:\n    w[99999999999999999999999:1:-1]:\n", ":3:5"),
        ("hosts.ini", "[web]\nw[1:99999999999999999999999]:99999999999\n", ":2:1"),
        ("hosts.yml", "all:\n  hosts:\n    'ж[1:99999999999999999999999]':\n", ":3:5"),
        (
            "hosts.yml",
            "all: {vars: {a: &a [x, x, x, x, x, x, x, x, x, x], b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a], c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b], d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c], e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]}}\n",
            ":1:",
        ),
    ] {
        let declined = load(name, text).err().unwrap_or_else(|| panic!("{text}"));
        let said = declined.to_string();
        assert!(declined.hopeless && said.contains(&format!("{name}{at}")), "{said}");
    }
    assert!(begun.elapsed().as_secs() < 5);
    let declined = load("hosts.ini", "a[1:600000]\nb[1:600000]\n").unwrap_err();
    assert!(declined.hopeless && declined.to_string().contains("hosts.ini:2:1: `b[1:600000]` stands for 600000 hosts"));
    assert_eq!(load("hosts.ini", "[web]\nw[1:100000]\n").unwrap().host_count(), 100_000);
}

#[test]
fn groups_without_an_end_are_refused() {
    let chain: String = (0..3_000).map(|n| format!("[g{n}:children]\ng{}\n[g{}]\n", n + 1, n + 1)).collect();
    assert!(load("hosts.ini", &chain).unwrap_err().hopeless);
    let round = load("hosts.ini", "[a]\n[b]\n[a:children]\nb\n[b:children]\na\n").unwrap();
    assert!(round.warnings().iter().any(|w| w.text.contains("a loop")), "{:?}", round.warnings());
}

#[test]
fn a_huge_line_is_left_to_ansible() {
    let vars: String = (0..20_000).map(|n| format!(" v{n}={n}")).collect();
    let declined = load("hosts.ini", &format!("[web]\nh1{vars}\n")).unwrap_err();
    assert!(!declined.hopeless && declined.to_string().contains("hosts.ini:2:1: the line is longer than 64 KiB"));
}
