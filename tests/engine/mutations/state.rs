//! The files beside the runs, damaged: lists and views go on telling the same; where what people decided or the record is
//! damaged, nothing is launched on it unseen. Holds no test.

use super::damage::{Chance, Files, damage, record};
use super::{ask, told};
use crate::support::wait::wait_true;
use crate::support::world::World;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What lies beside the runs.
struct Beside {
    files: Files,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Beside {
    fn of(world: &World) -> Beside {
        let root = world.store.root();
        let mut beside = Beside { files: Files::new(), links: BTreeMap::new() };
        record(root, root, &mut beside.files);
        beside.files.retain(|name, _| !name.starts_with("runs") && !name.starts_with("plugins"));
        for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_symlink() {
                beside.links.insert(entry.path(), fs::read_link(entry.path()).unwrap());
            }
        }
        beside
    }

    /// Puts all back as it was, and takes away what a launch left.
    fn put_back(&self, world: &World, runs: [&str; 2]) {
        let root = world.store.root();
        for folder in [root, &world.store.runs()] {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                match entry.file_type().unwrap().is_dir() {
                    _ if ["runs", "plugins"].contains(&name.as_str()) || runs.contains(&name.as_str()) => {}
                    true => fs::remove_dir_all(entry.path()).unwrap(),
                    false => fs::remove_file(entry.path()).unwrap(),
                }
            }
        }
        for (name, bytes) in &self.files {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), bytes).unwrap();
        }
        self.links.iter().for_each(|(link, to)| symlink(to, link).unwrap());
    }
}

/// What no reader can mistake for what was there.
fn is_gross(what: &str) -> bool {
    ["a FIFO", "a link", "a folder", "gone", "that of another"].iter().any(|kind| what.starts_with(kind))
}

pub fn damaged(world: &World, runs: [&str; 2], many: u64, (seed, chance): (u64, &mut Chance)) {
    let rows = || ask(world, &["runs", "--json"]);
    let truth = rows().unwrap();
    let beside = Beside::of(world);
    let kinds = ["control.db", "audit.db", "index", "home", "audit.checkpoint"];
    let index: Vec<PathBuf> = beside
        .files
        .keys()
        .filter(|name| name.extension().is_some_and(|e| e == "db") && name.starts_with("index.d"))
        .cloned()
        .collect();
    for n in 0..many {
        let name = match kinds[n as usize % kinds.len()] {
            // The link itself is one, too.
            "index" if chance.below(4) == 0 => PathBuf::from("index.db"),
            "index" => index[chance.below(index.len())].clone(),
            other => beside
                .files
                .keys()
                .find(|name| name.to_str() == Some(other))
                .unwrap_or_else(|| panic!("{other}: {:?}", beside.files.keys()))
                .clone(),
        };
        let good = beside.files.get(&name).cloned().unwrap_or_default();
        if good.is_empty() {
            // Through the link the file would be written.
            fs::remove_file(world.store.root().join(&name)).unwrap();
            fs::write(world.store.root().join(&name), "").unwrap();
        }
        let what = damage(world.store.root(), (&name, &good), &Files::new(), chance);
        let place = format!("seed {seed}, mutation {n} beside the runs, {}: {what}", name.display());
        println!("{place}");
        // Lists and views are made of the runs themselves.
        let listed = rows().unwrap_or_else(|| panic!("{place}: no list"));
        assert_eq!(plain(&listed), plain(&truth), "{place}");
        for id in runs {
            let shown = ask(world, &["show", id, "--json"]).unwrap_or_else(|| panic!("{place}: nothing is shown"));
            let row = listed.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
            assert_eq!(
                (&shown["state"], &shown["why"], &shown["rc"]),
                (&row["state"], &row["why"], &row["rc"]),
                "{place}"
            );
            assert!(world.processes(id).is_empty(), "{place}: nothing was started");
        }
        if name != Path::new("index.db") && !name.starts_with("index.d") {
            launches(world, &name, &what, &place);
        }
        beside.put_back(world, runs);
    }
    println!("{many} mutations beside the runs");
}

/// Either it is launched whole, or refused in words and nothing is begun.
fn launches(world: &World, name: &Path, what: &str, place: &str) {
    let (id, err) = told(world, &["adhoc", "w1", "-i", "hosts.ini", "-m", "command", "-a", "touch launched"]);
    match id {
        Some(id) => {
            let id = id.trim();
            world.ended(id);
            wait_true(20, "its supervisor to be gone", || world.supervisor(id).is_none());
            assert!(world.has("launched"), "{place}");
            fs::remove_file(world.project().join("launched")).unwrap();
            let (verified, _) = told(world, &["audit", "verify"]);
            let is_said = name != Path::new("audit.db") || verified.is_none();
            assert!(name != Path::new("control.db") && is_said || !is_gross(what), "{place}: launched all the same");
        }
        None => {
            assert!(err.len() > 20, "{place}: refused without words: {err:?}");
            assert!(!world.has("launched"), "{place}: refused and done");
        }
    }
}

/// What a row says of its run; that the directory is read-only now may stand beside.
fn plain(rows: &Value) -> Vec<Vec<&Value>> {
    let keys = ["id", "number", "state", "rc", "started_at", "ended_at", "hosts", "title"];
    rows.as_array().unwrap().iter().map(|row| keys.iter().map(|key| &row[*key]).collect()).collect()
}
