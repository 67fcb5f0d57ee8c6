//! Projects of every shape that teams have, each a file of `tests/fixtures/shapes`: what opsdeck finds in it is what the file
//! says, and Ansible, given the sources that were chosen, reads those hosts from them and complains of nothing.
//!
//! The suite takes every sixth of them; `OPSDECK_SHAPES=all` takes all, `OPSDECK_SHAPES=word` those whose name has the word.

use crate::inventories::options;
use crate::inventories::oracle::{clean, which};
use opsdeck::inventory::Inventory;
use opsdeck::project::{Env, Project};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What one file says: a line `=== PATH [+x]` or `=== PATH -> TARGET` begins a file of the project, `--- WORDS` an expectation:
/// `environment NAME [protected]: SOURCES = HOSTS`, `playbooks: PATHS`, `problem PATH`, `none: WORDS OF THE ERROR`.
struct Shape {
    name: String,
    folder: tempfile::TempDir,
    expected: Vec<String>,
}

impl Shape {
    fn read(path: &Path) -> Self {
        let (folder, mut expected, mut file) =
            (tempfile::tempdir().unwrap(), Vec::new(), None::<(PathBuf, String, bool)>);
        let keep = |file: Option<(PathBuf, String, bool)>| {
            let Some((path, text, executable)) = file else { return };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            if executable {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        };
        for line in fs::read_to_string(path).unwrap().lines() {
            if let Some(head) = line.strip_prefix("=== ") {
                keep(file.take());
                if let Some((link, target)) = head.split_once(" -> ") {
                    let link = folder.path().join(link);
                    fs::create_dir_all(link.parent().unwrap()).unwrap();
                    symlink(target, link).unwrap();
                } else {
                    let (name, executable) = head.strip_suffix(" +x").map_or((head, false), |name| (name, true));
                    file = Some((folder.path().join(name), String::new(), executable));
                }
            } else if let Some(words) = line.strip_prefix("--- ") {
                keep(file.take());
                expected.push(words.to_owned());
            } else if let Some((_, text, _)) = &mut file {
                text.push_str(line);
                text.push('\n');
            }
        }
        keep(file);
        assert!(!expected.is_empty(), "{} expects nothing", path.display());
        Self { name: path.file_stem().unwrap().to_string_lossy().into_owned(), folder, expected }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// What is found, in the words of [`Shape::expected`]; hosts by Ansible.
    fn found(&self) -> Vec<String> {
        let project = match Project::discover_with(&self.root(), &Env::default()) {
            Ok(project) => project,
            Err(e) => return vec![format!("none: {}", e.to_string().replace(&self.root().display().to_string(), "."))],
        };
        let mut found: Vec<_> = project
            .environments
            .iter()
            .map(|env| {
                let protected = if env.protect { " protected" } else { "" };
                let hosts = self.hosts(&project.root, &env.inventory);
                format!("environment {}{protected}: {} = {hosts}", env.name, env.inventory.join(" "))
            })
            .collect();
        let playbooks: Vec<_> = project.playbooks.iter().map(|playbook| playbook.path.as_str()).collect();
        found.push(format!("playbooks: {}", playbooks.join(" ")).trim_end().to_owned());
        found.extend(project.problems.iter().map(|problem| format!("problem {}", problem.file.display())));
        found
    }

    /// The hosts that Ansible reads from these sources, in its order; ours are the same where we read them ourselves.
    fn hosts(&self, root: &Path, sources: &[String]) -> String {
        let args = sources.iter().flat_map(|source| ["-i", source.as_str()]);
        let output = clean(&which("ansible").unwrap())
            .current_dir(root)
            .env("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "1")
            .args(args)
            .args(["all", "--list-hosts"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return format!("FAILED: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let hosts: Vec<_> = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).collect();
        let hosts = hosts.join(" ");
        if let Ok(ours) = Inventory::load(root, sources, &options()) {
            let ours: Vec<_> = ours.hosts().map(|host| ours.host_name(host).to_owned()).collect();
            let sorted = |text: &str| {
                let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
                words.sort();
                words
            };
            assert_eq!(sorted(&ours.join(" ")), sorted(&hosts), "{}: {sources:?}", self.name);
        }
        hosts
    }
}

#[test]
fn what_is_found_in_each_shape_is_what_ansible_reads_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shapes");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "{}", paths.len());
    let wanted = std::env::var("OPSDECK_SHAPES").unwrap_or_default();
    let chosen = paths.iter().enumerate().filter(|(n, path)| match wanted.as_str() {
        "all" => true,
        "" => n % 6 == 0,
        name => path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains(name)),
    });
    let mut wrong = Vec::new();
    for (_, path) in chosen {
        let shape = Shape::read(path);
        let found = shape.found();
        let differs = if let [none] = found.as_slice()
            && let Some(said) = none.strip_prefix("none: ")
        {
            !shape.expected.iter().all(|e| e.strip_prefix("none: ").is_some_and(|words| said.contains(words)))
        } else {
            found != shape.expected
        };
        if differs {
            wrong.push(format!(
                "{}:\n  found    {}\n  expected {}",
                shape.name,
                found.join("\n           "),
                shape.expected.join("\n           ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
