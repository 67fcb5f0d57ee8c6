//! The README tells the truth: its table of keys is the action records', the verbs it names exist, its example
//! configuration is valid. `OPSDECK_UPDATE=1 cargo test --test house readme::` writes the table anew.

use opsdeck::tui::actions;
use opsdeck::tui::keymap::Keymap;
use std::path::Path;
use std::process::Command;

const BEGIN: &str = "<!-- keys: written by OPSDECK_UPDATE=1 cargo test --test house readme:: -->\n";
const END: &str = "<!-- end of keys -->\n";

fn readme() -> (std::path::PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

/// The first fenced block of this language that holds `word`.
fn block(text: &str, language: &str, word: &str) -> String {
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks
        .into_iter()
        .find(|b| b.contains(word))
        .unwrap_or_else(|| panic!("no {language} block with {word}"))
        .to_owned()
}

#[test]
fn the_table_of_keys_is_fresh() {
    let (path, text) = readme();
    let (before, rest) = text.split_once(BEGIN).expect("the README has a mark for its keys");
    let (table, after) = rest.split_once(END).expect("and one for their end");
    let fresh = actions::table(&Keymap::default());
    if std::env::var_os("OPSDECK_UPDATE").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{fresh}{END}{after}")).unwrap();
    } else {
        assert_eq!(table, fresh, "run: OPSDECK_UPDATE=1 cargo test --test house readme::");
    }
}

#[test]
fn the_verbs_it_shows_exist() {
    let (_, text) = readme();
    let help = Command::new(env!("CARGO_BIN_EXE_opsdeck")).arg("--help").output().unwrap();
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let shown = block(&text, "sh", "opsdeck adhoc");
    let verbs: Vec<&str> = shown.lines().filter_map(|l| l.strip_prefix("opsdeck ")?.split(' ').next()).collect();
    assert!(verbs.len() >= 8, "{verbs:?}");
    for verb in verbs {
        assert!(
            help.contains(&format!("\n  {verb} ")),
            "the README shows `opsdeck {verb}`, the help does not:\n{help}"
        );
    }
}

#[test]
fn its_example_configurations_are_valid() {
    let (_, text) = readme();
    for example in ["runbooks:", "releases:", "checks:", "notify:"] {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("opsdeck.yaml", &block(&text, "yaml", example));
        for environment in ["production", "staging"] {
            let hosts = "[web]\nw1 ansible_connection=local\n[db]\nd1\n[worker]\nq1\n";
            write(&format!("inventories/{environment}/hosts.ini"), hosts);
        }
        write("recover.yml", "- hosts: all\n  tasks: []\n");
        write("release.yml", "- hosts: all\n  tasks: []\n");
        let check =
            Command::new(env!("CARGO_BIN_EXE_opsdeck")).arg("check").current_dir(folder.path()).output().unwrap();
        assert!(check.status.success(), "{example} {}", String::from_utf8_lossy(&check.stdout));
    }
}
