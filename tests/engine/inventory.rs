//! The native inventory against the real Ansible: every answer is equal to the byte, or declined; never a third thing.
//!
//! `OPSDECK_SEED=N` repeats a generated run, `OPSDECK_ROUNDS=N` makes it longer.

use crate::inventories::generate::{self, Chance};
use crate::inventories::oracle::{clean, which};
use crate::inventories::{Case, Oracle, Tally, compare, options};
use opsdeck::inventory::Inventory;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|s| (*s).to_owned()).collect()
}

/// From the environment, else chosen and printed.
fn seed() -> u64 {
    let chosen = || u64::from(std::process::id()) ^ jiff::Timestamp::now().as_nanosecond() as u64;
    let seed = std::env::var("OPSDECK_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(chosen);
    println!("OPSDECK_SEED={seed}");
    seed
}

/// Runs the real command: whether it succeeded, and its stdout.
fn command(root: &Path, sources: &[String], program: &str, args: &[&str]) -> (bool, String) {
    let sources = sources.iter().flat_map(|source| ["-i", source.as_str()]);
    let output = clean(&which(program).unwrap()).current_dir(root).args(sources).args(args).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn rounds(usual: usize) -> usize {
    std::env::var("OPSDECK_ROUNDS").ok().and_then(|s| s.parse().ok()).unwrap_or(usual)
}

fn no_difference(tally: &Tally) {
    assert!(tally.wrong.is_empty(), "{} differences:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
}

#[test]
fn our_own_inventories_are_read_as_ansible_reads_them() {
    let mut oracle = Oracle::start();
    let cases = Case::all();
    let mut tally = Tally::default();
    let mut broken = Vec::new();
    for case in &cases {
        let root = tempfile::tempdir().unwrap();
        case.write(root.path());
        let before = tally.declined.len();
        if case.command {
            let ours = Inventory::load(root.path(), &case.sources, &options()).unwrap().list_json().unwrap();
            let (_, theirs) = command(root.path(), &case.sources, "ansible-inventory", &["--list"]);
            assert_eq!(ours + "\n", theirs, "{}", case.name);
            continue;
        }
        compare(&mut oracle, &case.name, root.path(), &case.sources, &case.queries, &mut tally);
        let declined = &tally.declined[before..];
        match &case.declines {
            None if declined.is_empty() => {}
            Some(words) if declined.iter().any(|d| d.contains(words.as_str())) => {}
            expected => broken.push(format!("{}: declined {declined:?}, expected {expected:?}", case.name)),
        }
    }
    no_difference(&tally);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let natively = cases.iter().filter(|case| case.declines.is_none()).count();
    assert!(natively >= 40, "only {natively} inventories are compared to the end");
    let (equal, unordered, patterns) = (tally.equal, tally.unordered, tally.patterns.len());
    println!("{} inventories: {equal} answers equal, {unordered} as sets, {patterns} patterns declined", cases.len());
    assert!(patterns * 20 < equal, "too many patterns are declined:\n{}", tally.patterns.join("\n"));
}

#[test]
fn the_oracle_says_what_the_commands_say() {
    let mut oracle = Oracle::start();
    let root = tempfile::tempdir().unwrap();
    let wanted =
        ["plain groups", "group_vars in all forms", "inline vault in group_vars", "an encrypted variable file"];
    for case in Case::all().into_iter().filter(|case| wanted.contains(&case.name.as_str())) {
        let root = root.path().join(case.name.replace(' ', "-"));
        case.write(&root);
        let (success, text) = command(&root, &case.sources, "ansible-inventory", &["--list"]);
        match oracle.list(&root, &case.sources) {
            Ok(said) => assert_eq!(said + "\n", text, "{}", case.name),
            Err(error) => {
                assert!(!success, "{}: the oracle fails ({error}), the command does not", case.name)
            }
        }
        for (pattern, limit) in case.queries.iter().take(6) {
            let mut args = vec![pattern.as_str(), "--list-hosts"];
            args.extend(limit.iter().flat_map(|limit| ["--limit", limit.as_str()]));
            let (_, real) = command(&root, &case.sources, "ansible", &args);
            let real: Vec<String> = real.lines().filter_map(|l| l.strip_prefix("    ")).map(str::to_owned).collect();
            let said = oracle.hosts(&root, &case.sources, &[(pattern.clone(), limit.clone())]).unwrap();
            assert_eq!(said[0].clone().unwrap_or_default(), real, "{}: {pattern} {limit:?}", case.name);
        }
    }
}

#[test]
fn ansibles_own_test_inventories() {
    let Some(sdist) = std::env::var_os("OPSDECK_ANSIBLE_SDIST").map(PathBuf::from) else {
        println!(
            "SKIPPED: OPSDECK_ANSIBLE_SDIST is not set, so Ansible's own test inventories were not read; use tests/run"
        );
        return;
    };
    let mut oracle = Oracle::start();
    let mut tally = Tally::default();
    let cwd = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let targets = sdist.join("test/integration/targets");
    collect(&targets, &mut files);
    assert!(files.len() >= 30, "few inventories in {}: {}", targets.display(), files.len());
    let queries: Vec<_> = ["all", "*", "*[0]", "all:!ungrouped", "~.*1"].map(|p| (p.to_owned(), None)).into();
    for file in &files {
        let name = file.strip_prefix(&targets).unwrap().display().to_string();
        compare(&mut oracle, &name, cwd.path(), &[file.display().to_string()], &queries, &mut tally);
    }
    no_difference(&tally);
    println!("{} of Ansible's inventories: {} answers equal, declined:", files.len(), tally.equal);
    for declined in &tally.declined {
        println!("  {declined}");
    }
    assert!(tally.declined.len() * 4 < files.len(), "too many of them are declined");
}

/// Files that Ansible's tests use as inventories.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
        if path.is_dir() && !path.is_symlink() {
            collect(&path, files);
        } else if ["inventory", "hosts", "inv"].iter().any(|word| name.starts_with(word)) || name.ends_with(".ini") {
            let data = path.extension().is_none_or(|ext| ["ini", "yml", "yaml", "json"].iter().any(|e| ext == *e));
            if data && path.is_file() {
                files.push(path);
            }
        }
    }
}

#[test]
fn generated_inventories_and_patterns() {
    let mut chance = Chance(seed());
    let mut oracle = Oracle::start();
    let mut tally = Tally::default();
    let count = rounds(60);
    let mut read = 0;
    for n in 0..count {
        let root = tempfile::tempdir().unwrap();
        let mut sources = Vec::new();
        let mut texts = String::new();
        for part in 0..1 + chance.below(2) {
            let (name, text) = match chance.below(4) {
                0 => (format!("h{part}.yml"), generate::yaml(&mut chance)),
                1 => (format!("h{part}.ini"), generate::ini(&mut chance)),
                2 => (format!("h{part}"), generate::sound(&mut chance)),
                _ => (format!("h{part}"), generate::ini(&mut chance)),
            };
            fs::write(root.path().join(&name), &text).unwrap();
            texts.push_str(&format!("--- {name}\n{text}"));
            sources.push(name);
        }
        let queries: Vec<_> = (0..12)
            .map(|_| {
                let limit = chance.one_in(3).then(|| generate::pattern(&mut chance));
                (generate::pattern(&mut chance), limit)
            })
            .collect();
        let before = tally.wrong.len();
        let declined = tally.declined.len();
        compare(&mut oracle, &format!("inventory {n}"), root.path(), &sources, &queries, &mut tally);
        read += usize::from(tally.declined.len() == declined);
        if tally.wrong.len() > before {
            tally.wrong.push(texts);
        }
    }
    no_difference(&tally);
    println!("{read} of {count} inventories read natively, {} answers equal, {} as sets", tally.equal, tally.unordered);
    assert!(read * 2 > count, "too much is declined:\n{}", tally.declined.join("\n"));
}

fn json(value: Result<opsdeck::inventory::Value, String>) -> Result<String, String> {
    let text = value?.to_json();
    Ok(text.split('\n').map(str::trim_start).collect::<Vec<_>>().join(" "))
}

/// The same layout for both: no line breaks and no blanks around brackets.
fn flat(text: &str) -> String {
    let text = text.split('\n').map(str::trim_start).collect::<Vec<_>>().join(" ");
    text.replace("[ ", "[").replace(" ]", "]").replace("{ ", "{").replace(" }", "}")
}

#[test]
fn generated_values_of_ini_files() {
    let mut chance = Chance(seed());
    let texts: Vec<String> = (0..rounds(60) * 50).map(|_| generate::literal(&mut chance)).collect();
    let theirs = Oracle::start().values("literal", &texts);
    check_values(&texts, &theirs, |text| opsdeck::inventory::ini_value(text).map_err(str::to_owned), 10);
}

#[test]
fn generated_yaml_documents() {
    let mut chance = Chance(seed());
    let texts: Vec<String> = (0..rounds(60) * 50).map(|_| generate::document(&mut chance)).collect();
    let theirs = Oracle::start().values("yaml", &texts);
    let ours = |text: &str| match opsdeck::yaml::ansible(text) {
        Ok(Some(node)) => opsdeck::inventory::Value::of(&node).map_err(|(_, why)| why),
        Ok(None) => Ok(opsdeck::inventory::Value::Null),
        Err(e) => Err(e.to_string()),
    };
    check_values(&texts, &theirs, ours, 3);
}

/// Each value is equal or declined; where Ansible gives one, at least one in `least` is not declined.
fn check_values(
    texts: &[String],
    theirs: &[Option<String>],
    ours: impl Fn(&str) -> Result<opsdeck::inventory::Value, String>,
    least: usize,
) {
    let (mut wrong, mut equal, mut declined) = (Vec::new(), 0, 0);
    for (text, theirs) in texts.iter().zip(theirs) {
        match (json(ours(text)), theirs) {
            (Ok(ours), Some(theirs)) if flat(&ours) == flat(theirs) => equal += 1,
            (Ok(ours), theirs) => wrong.push(format!("{text:?}: we read {ours}, Ansible {theirs:?}")),
            (Err(_), Some(_)) => declined += 1,
            (Err(_), None) => {}
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    println!("{equal} equal, {declined} declined that Ansible reads");
    assert!(equal * least > declined, "{equal} equal, {declined} declined: too much is declined");
}

#[test]
fn the_order_that_is_chance_in_ansible_is_named_so() {
    let root = tempfile::tempdir().unwrap();
    let text = "[t:children]\na\nb\n[a:children]\na1\n[b:children]\nb1\n[a1]\nh1\n[b1]\nh2\n[flat]\nx\ny\n";
    fs::write(root.path().join("h.ini"), text).unwrap();
    let inventory = Inventory::load(root.path(), &strings(&["h.ini"]), &options()).unwrap();
    assert!(!inventory.select("t", None).unwrap().fixed);
    assert!(inventory.select("a", None).unwrap().fixed);
    assert!(inventory.select("flat", None).unwrap().fixed);
    assert!(inventory.select("t[0]", None).is_err(), "a subscript of an order that is chance");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), kind in 0..4usize) {
        let root = tempfile::tempdir().unwrap();
        let name = ["h", "h.ini", "h.yml", "h.json"][kind];
        fs::write(root.path().join(name), &bytes).unwrap();
        _ = Inventory::load(root.path(), &strings(&[name]), &options()).map(|i| i.list_json());
    }

    #[test]
    fn any_text_is_read_without_panic(text in r#"[\[\]{}:=#&*!|>'"%@, \na-c0-9\\\-]{0,120}"#, kind in 0..4usize) {
        let root = tempfile::tempdir().unwrap();
        let name = ["h", "h.ini", "h.yml", "h.json"][kind];
        fs::write(root.path().join(name), &text).unwrap();
        if let Ok(inventory) = Inventory::load(root.path(), &strings(&[name]), &options()) {
            _ = inventory.list_json();
            _ = inventory.select(&text, Some(&text));
        }
    }

    #[test]
    fn any_pattern_is_answered_without_panic(pattern in ".{0,40}", limit in prop::option::of(".{0,20}")) {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("h.ini"), "[web]\nw[1:3]\nü\n[db:children]\nweb\n").unwrap();
        let inventory = Inventory::load(root.path(), &strings(&["h.ini"]), &options()).unwrap();
        _ = inventory.select(&pattern, limit.as_deref());
    }
}
