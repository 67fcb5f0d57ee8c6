//! Paths as `ansible.cfg` writes them: `{{CWD}}`, variables, `~`, and relative ones; made absolute without following links.

use super::Env;
use std::path::{Component, Path, PathBuf};

/// The absolute path that Ansible makes of `path`.
pub fn resolve(path: &str, base: &Path, cwd: &Path, env: &Env) -> PathBuf {
    let text = path.replace("{{CWD}}", &cwd.to_string_lossy());
    normal(&base.join(home(&variables(&text, env), env)))
}

/// `$NAME` and `${NAME}`; names that are not set stay as they are.
fn variables(text: &str, env: &Env) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, len) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, _)) => (name, name.len() + 2),
            None => {
                let len = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
                (&after[..len], len)
            }
        };
        match env.get(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(value),
            None => out.push_str(&rest[at..at + 1 + len]),
        }
        rest = &after[len..];
    }
    out + rest
}

fn home(text: &str, env: &Env) -> PathBuf {
    let Some(after) = text.strip_prefix('~') else { return PathBuf::from(text) };
    let (user, rest) = after.split_once('/').unwrap_or((after, ""));
    let own = || env.get("HOME").map(str::to_owned).or_else(|| passwd_home(|f| f.get(2) == Some(&uid().as_str())));
    let home = if user.is_empty() { own() } else { passwd_home(|fields| fields.first() == Some(&user)) };
    home.map_or_else(|| PathBuf::from(text), |home| Path::new(&home).join(rest))
}

fn uid() -> String {
    rustix::process::getuid().as_raw().to_string()
}

fn passwd_home(is: impl Fn(&[&str]) -> bool) -> Option<String> {
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut lines = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find(|fields| is(fields)).and_then(|fields| fields.get(5).map(|home| (*home).to_owned()))
}

/// Without `.` and `..`; links are not followed, as Ansible does not.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
