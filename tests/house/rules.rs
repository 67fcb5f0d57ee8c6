//! Holds the rules of the house: the map in `src/lib.rs`, file sizes, what each room may touch, what the top level may
//! hold. A rule that is broken names the file, the line and the rule. No test here runs opsdeck.

use super::circles;
use super::source::{self, File, all, root, rust};
use regex::Regex;
use std::collections::BTreeMap;

/// Fails with every broken place at once, one a line.
fn hold(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "\n\n{rule}\n\n  {}\n", broken.join("\n  "));
}

/// Lines of `files` that match, as `file:line: text`.
fn lines<'a>(files: impl IntoIterator<Item = &'a File>, pattern: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    let mut found = Vec::new();
    for file in files {
        for (n, line) in file.code.lines().enumerate() {
            if pattern.is_match(line) {
                found.push(format!("{}:{}: {}", file.path, n + 1, line.trim()));
            }
        }
    }
    found
}

/// The floors, as the table in `src/lib.rs` tells them: room -> floor.
fn floors() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let row = Regex::new(r"^//! \| (\d+) \|([^|]*)\|").unwrap();
    let room = Regex::new(r"\[`(\w+)`\]").unwrap();
    let mut floors = BTreeMap::new();
    for line in text.lines() {
        if let Some(c) = row.captures(line) {
            for r in room.captures_iter(&c[2]) {
                floors.insert(r[1].to_owned(), c[1].parse().unwrap());
            }
        }
    }
    floors
}

#[test]
fn the_map_names_every_room() {
    let floors = floors();
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rooms: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(rooms.len() >= 9, "rooms of src/lib.rs: {rooms:?}");
    let unknown = rooms.iter().filter(|r| !floors.contains_key(**r)).map(|r| format!("src/lib.rs: {r}")).collect();
    hold("A room without a floor in the table of src/lib.rs:", unknown);
}

#[test]
fn imports_run_downward_only() {
    let floors = floors();
    let mut broken = Vec::new();
    for file in rust("src") {
        let Some(room) = file.room().filter(|r| floors.contains_key(*r)).map(str::to_owned) else { continue };
        for (line, other) in file.imports() {
            if other == room {
                continue;
            }
            match floors.get(&other) {
                None => {} // an item of the crate's root
                Some(floor) if *floor > floors[&room] => {}
                Some(floor) => broken.push(format!(
                    "{}:{line}: `{room}` (floor {}) imports `{other}` (floor {floor})",
                    file.path, floors[&room]
                )),
            }
        }
    }
    hold("Imports run downward only (see the table in src/lib.rs):", broken);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    // What the console's model and its screens know of each other is still to be cut.
    const LEFT: [&str; 12] = [
        "actions",
        "alarm",
        "effect",
        "keymap",
        "model/action",
        "model/mod",
        "model/screen",
        "msg",
        "notices",
        "overlay/mod",
        "update/mod",
        "widgets/when",
    ];
    let left = |path: &str| {
        let of = path.strip_prefix("src/tui/").map(|path| path.trim_end_matches(".rs"));
        of.is_some_and(|of| LEFT.contains(&of) || (of.starts_with("screens/") && of.ends_with("mod")))
    };
    let here = |f: &File| !f.is_test() && !left(&f.path);
    let files: Vec<File> = rust("src").into_iter().filter(here).map(File::live_part).collect();
    let found = circles::circles(&files).into_iter().map(|circle| circle.join("\n  ") + "\n").collect();
    hold("No circle among files:", found);
}

#[test]
fn the_import_rule_sees_what_it_must() {
    let text =
        "use crate::tui::x;\nuse crate::{run::Event, cli};\n/// [`crate::audit`]\nfn f() { super::state::g(); }\n";
    let file = File::of("src/run/mod.rs", text);
    let seen: Vec<(usize, String)> = file.imports();
    let names: Vec<(usize, &str)> = seen.iter().map(|(n, s)| (*n, s.as_str())).collect();
    assert_eq!(names, [(1, "tui"), (2, "cli"), (2, "run"), (4, "state")]);
    let deep = File::of("src/run/log/index.rs", "use super::super::super::cli::X;\nuse super::super::event;\n");
    let seen = deep.imports();
    assert_eq!(seen, [(1, "cli".to_owned())]);
}

#[test]
fn main_only_hands_over_to_cli() {
    let main = rust("src").into_iter().filter(|f| f.path == "src/main.rs").collect::<Vec<_>>();
    assert_eq!(main.len(), 1);
    let other = lines(&main, r"opsdeck::").into_iter().filter(|l| !l.contains("opsdeck::cli")).collect();
    hold("src/main.rs knows `cli` only:", other);
}

#[test]
fn files_are_small() {
    let files: Vec<File> = all(&["rs", "py", "sh", "yaml"]).into_iter().filter(|f| !f.is_fixture()).collect();
    let long = files.iter().filter(|f| f.lines() > 500).map(|f| format!("{}: {} lines", f.path, f.lines())).collect();
    hold("No file is longer than 500 lines:", long);
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = rust("src").into_iter().chain(rust("tests")).filter(|f| !f.text.starts_with("//!")).map(|f| f.path);
    hold("The first line of every file says what it is for (`//!`):", silent.collect());
}

#[test]
fn no_file_is_forgotten() {
    let reached = source::reached();
    let forgotten = rust("tests").into_iter().filter(|f| !reached.contains(&f.path)).map(|f| f.path);
    hold("Each file of tests belongs to a binary or bench of Cargo.toml, by its `mod` lines:", forgotten.collect());
}

#[test]
fn property_tests_leave_no_file_behind() {
    let files = rust("src").into_iter().chain(rust("tests"));
    let of = |file: &File, what: &str| file.text.lines().filter(|l| l.contains(what)).count();
    let loose = files.filter(|f| f.path != "tests/house/rules.rs").filter(|f| {
        let settings = of(f, "cases::cases(") + of(f, "failure_persistence: None");
        of(f, "proptest! {") > settings
    });
    let loose = loose.map(|f| f.path).collect();
    hold("Property tests are run with `crate::cases::cases` (or `failure_persistence: None`):", loose);
}

#[test]
fn the_screen_starts_no_process_and_opens_no_run() {
    let tui: Vec<File> = rust("src/tui").into_iter().filter(|f| !f.is_test()).map(File::live_part).collect();
    let doors = r"process::Command|tokio::process|Command::new|\b(StateDir|StepDir|RunDir|Control|Ledger|Lock|Keeper)\b|tokio::fs";
    let open = r"|(Follower|Watched|LogStore|Store|Index|Inventory)::(open|load)|run::(stop|launch|revive)\(|release::(ask|give|launch)\(";
    let found = lines(&tui, &format!("{doors}{open}"));
    hold("`tui` starts no process and opens no file of a run or of the state directory: it speaks to `api`:", found);
    // Themes and keymaps are files of the screen itself; they have their own places.
    let files = tui.iter().filter(|f| !f.path.contains("theme") && !f.path.contains("keymap"));
    hold("`tui` reads no file but themes and keymaps:", lines(files, r"File::open|fs::read|OpenOptions|\bopen::"));
}

#[test]
fn verbs_ask_and_act_through_api() {
    // What sets the program up, looks at the machine, or is one of its own processes, is no question of anybody's.
    let own = ["demo/", "doctor/", "inner.rs", "owner.rs", "screen.rs", "serve.rs", "health.rs", "breaker", "alarm.rs"];
    let own: Vec<String> = own.iter().chain(&["recovery/once.rs"]).map(|name| format!("src/cli/{name}")).collect();
    let verbs: Vec<File> = rust("src/cli").into_iter().filter(|f| !f.is_test()).map(File::live_part).collect();
    let verbs = verbs.iter().filter(|f| !own.iter().any(|path| f.path.starts_with(path)));
    let found = lines(
        verbs,
        r"(Control|Index|Ledger|Follower|Watched|LogStore|Acts)::open|run::(stop|launch|revive)\(|release::(ask|give|launch)\(",
    );
    hold("Verbs ask and act through `api`, which knows who asks:", found);
}

#[test]
fn processes_are_begun_through_one_door() {
    // What has no terminal is never stopped by Ctrl-Z; a demo and a doctor have no console beside them.
    let free = ["src/state/child.rs", "src/run/supervise/", "src/run/guard.rs", "src/run/step.rs", "src/run/fan/"];
    let free = [&free[..], &["src/cli/demo/", "src/cli/doctor/"]].concat();
    let files: Vec<File> = rust("src").into_iter().filter(|f| !f.is_test()).map(File::live_part).collect();
    let files = files.iter().filter(|f| !free.iter().any(|path| f.path.starts_with(path)));
    let found = lines(files, r"\.spawn\(\)|\.output\(\)|(ommand|child)\.status\(\)");
    hold("Processes are begun through `state::child`, which knows of Ctrl-Z:", found);
}

#[test]
fn files_of_others_are_opened_with_care() {
    // What the kernel, the system or opsdeck's own demo wrote, and channels of secrets, which are FIFOs on purpose.
    let own = ["src/open.rs", "src/cli/demo/", "src/cli/doctor/", "src/state/operator", "src/state/identity.rs"];
    let own =
        [&own[..], &["src/state/tree.rs", "src/project/cfg/paths.rs", "src/ssh/session.rs", "src/ssh/mux.rs"]].concat();
    let fifo = ["src/run/fan/mod.rs"];
    let all = rust("src");
    let files = all.iter().filter(|f| !f.is_test() && !own.iter().chain(&fifo).any(|path| f.path.starts_with(path)));
    let found = lines(files, r"File::open\(|fs::read\(|fs::read_to_string\(").into_iter();
    // Folders are opened to be synced, and tests read what they have written themselves.
    let found = found.filter(|line| !line.contains("sync_all") && !line.contains("unwrap()")).collect();
    hold(
        "Files that others may have written are read through `crate::open`, which refuses what is no regular file:",
        found,
    );
}

#[test]
fn nothing_is_silenced_without_a_reason() {
    let allow = Regex::new(r"#!?\[(allow|expect)\(([^\]]*)\)\]").unwrap();
    let mut broken = Vec::new();
    for file in rust("src").into_iter().chain(rust("tests")) {
        for m in allow.captures_iter(&file.code) {
            if !m[2].contains("reason") {
                let line = file.code[..m.get(0).unwrap().start()].matches('\n').count() + 1;
                broken.push(format!("{}:{line}: {}", file.path, &m[0]));
            }
        }
    }
    hold("Every `allow` and `expect` gives its reason (`reason = \"...\"`):", broken);
}

#[test]
fn tests_run_and_wait_for_the_thing_itself() {
    let tests: Vec<File> = rust("tests").into_iter().chain(rust("src")).map(File::test_part).collect();
    hold("No test is switched off:", lines(&tests, r"#\[ignore|#\[cfg\(any\(\)\)\]"));
    let sleep = Regex::new(r"\bsleep\(\s*(Duration|std::time|core::time)|thread::[s]leep|time::[s]leep").unwrap();
    let mut fixed = Vec::new();
    for file in &tests {
        let lines: Vec<&str> = file.code.lines().collect();
        for (n, line) in lines.iter().enumerate().filter(|(_, line)| sleep.is_match(line)) {
            // a poll looks at its deadline just before it sleeps
            let polls = lines[n.saturating_sub(6)..n].iter().any(|l| l.contains("Instant::now()"));
            if !polls {
                fixed.push(format!("{}:{}: {}", file.path, n + 1, line.trim()));
            }
        }
    }
    hold("Tests wait for the thing itself with a deadline (`support::wait_until`), never a fixed time:", fixed);
}

#[test]
fn no_machine_path_stands_in_the_project() {
    let files: Vec<File> = all(&["rs", "py", "sh", "yaml", "yml", "md", "toml", "run", "soak"]);
    let found = lines(&files, r"/[w]ork/(main|wt|shared)|/opt/[a]ns|/tmp/[s]dist|/root/\.|[w]orktree");
    hold("No path of one machine stands in the project:", found);
    let built_in: Vec<File> = rust("src").into_iter().filter(|f| !f.is_test()).map(File::live_part).collect();
    hold("No path of the build machine goes into the binary:", lines(&built_in, "CARGO_MANIFEST_DIR"));
}

#[test]
fn the_top_level_stays_small() {
    const ALLOWED: &[&str] = &[
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "justfile",
        "docs",
        ".cargo",
        "src",
        "themes",
        "tests",
        ".ci",
        ".gitignore",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
    ];
    let extra = source::top_level().into_iter().filter(|e| !ALLOWED.contains(&e.as_str())).collect();
    hold("The top level holds only what DESIGN names:", extra);
}
