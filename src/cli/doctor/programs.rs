//! The programs that opsdeck drives: Ansible's, OpenSSH's.

use super::item::{Item, ask};
use crate::ansible::tools::{self, Tool};
use crate::project::cfg::Env;
use std::path::{Path, PathBuf};

/// The oldest ansible-core that opsdeck supports.
const OLDEST: (u32, u32) = (2, 16);
const INSTALL: &str = "pipx install ansible-core   (or: python3 -m venv ~/ansible && ~/ansible/bin/pip install ansible-core, \
                       then put ~/ansible/bin on PATH)";

/// Servers that only the demo starts: what it does with them, what it does without, what to install.
const OF_THE_DEMO: [(&str, &str, &str, &str); 2] = [
    (
        "sshd",
        "`opsdeck demo` starts private hosts with it",
        "no sshd: `opsdeck demo` uses local connections instead of hosts of its own",
        "sudo apt-get install openssh-server",
    ),
    (
        "haproxy",
        "`opsdeck demo` puts it in front of its services",
        "no haproxy: releases of `opsdeck demo` move no traffic",
        "sudo apt-get install haproxy",
    ),
];

/// All of them.
pub fn all(env: &Env) -> Vec<Item> {
    let mut items: Vec<_> = Tool::ALL.into_iter().map(|tool| ansible(tool, env)).collect();
    items.push(match find("ssh", env) {
        Some(ssh) => Item::ok("ssh", format!("{}: {}", ssh.display(), ask(&ssh, &["-V"]).unwrap_or_default().trim())),
        None => Item::missing("ssh", "no ssh on PATH: no host can be reached", "sudo apt-get install openssh-client"),
    });
    items.extend(OF_THE_DEMO.map(|(name, with, without, install)| match crate::cli::demo::system::find(name) {
        Some(path) => Item::ok(name, format!("{}: {with}", path.display())),
        None => Item::warning(name, without, install),
    }));
    items
}

fn ansible(tool: Tool, env: &Env) -> Item {
    let name = tool.name();
    let path = match tools::find(tool, env) {
        Ok(path) => path,
        Err(error) => {
            let fix = if tool == Tool::Adhoc { INSTALL } else { "comes with ansible" };
            return Item::missing(name, format!("not found {}", error.searched), fix);
        }
    };
    // one version for all of them: they come from one package, and each question takes half a second
    if tool != Tool::Adhoc {
        return Item::ok(name, path.display().to_string());
    }
    match tools::version(&path) {
        Ok(core) => judge(&path, &core, &python(&path)),
        Err(error) => Item::missing(name, error.to_string(), INSTALL),
    }
}

fn judge(path: &Path, core: &str, python: &str) -> Item {
    let seen = format!("{}: ansible-core {core}{python}", path.display());
    let mut numbers = core.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let version = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if version < OLDEST {
        let (major, minor) = OLDEST;
        return Item::warning("ansible", format!("{seen}; opsdeck is made for {major}.{minor} and later"), INSTALL);
    }
    Item::ok("ansible", seen)
}

/// `, Python 3.11.7`, where Ansible says so.
fn python(ansible: &Path) -> String {
    let said = ask(ansible, &["--version"]).unwrap_or_default();
    let line = said.lines().find_map(|line| line.trim().strip_prefix("python version = "));
    line.and_then(|line| line.split_whitespace().next()).map(|v| format!(", Python {v}")).unwrap_or_default()
}

/// A program on PATH.
pub fn find(name: &str, env: &Env) -> Option<PathBuf> {
    let folders = env.get("PATH")?.split(':').filter(|folder| folder.starts_with('/'));
    let executable = |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    folders.map(|folder| Path::new(folder).join(name)).find(executable)
}

#[cfg(test)]
mod tests {
    use super::super::item::State;
    use super::*;

    #[test]
    fn what_is_not_on_path_is_missing_and_says_how_to_get_it() {
        let items = all(&Env::from([("PATH", "/nonexistent")]));
        let missing: Vec<_> = items.iter().filter(|item| item.state == State::Missing).map(|item| item.name).collect();
        assert_eq!(missing, ["ansible", "ansible-playbook", "ansible-inventory", "ansible-doc", "ssh"]);
        assert!(items.iter().all(|item| item.state == State::Ok || item.fix.is_some()));
    }

    #[test]
    fn an_old_ansible_is_a_warning() {
        let judged = |core| judge(Path::new("/x"), core, "").state;
        assert_eq!(
            [judged("2.9.6"), judged("2.15.13"), judged("2.16.0"), judged("2.21.5"), judged("3.0")],
            [State::Warning, State::Warning, State::Ok, State::Ok, State::Ok]
        );
    }
}
