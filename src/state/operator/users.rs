//! Names of uids: `/etc/passwd`, read without a C library call (glibc's needs plugins at run time).
//!
//! Directory users (LDAP, SSSD) that are not in the file are asked of `getent`, where the machine has it. A name service that
//! hangs is not waited for: then they have no name.

use crate::state::{Answer, Identity, child};
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a name service may take.
const LIMIT: Duration = Duration::from_millis(300);
/// How long one that gave no answer is not asked the same again.
const SPARED: Duration = Duration::from_secs(60);

/// A user, as the system lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// First group.
    pub gid: u32,
    /// Home.
    pub home: PathBuf,
}

impl Account {
    /// The user with this uid; `None` where nobody lists one.
    pub fn of(uid: u32) -> Option<Account> {
        let known = fs::read("/etc/passwd").ok().and_then(|file| find(&String::from_utf8_lossy(&file), uid));
        known.or_else(|| find(&ask_getent("passwd", &uid.to_string())?, uid))
    }

    /// Ids of the other groups that the user is in.
    pub fn groups(&self) -> Vec<u32> {
        let listed = fs::read("/etc/group").unwrap_or_default();
        let mut groups = members(&String::from_utf8_lossy(&listed), &self.name);
        let asked = ask_getent("initgroups", &self.name).unwrap_or_default();
        groups.extend(asked.split_whitespace().skip(1).filter_map(|gid| gid.parse::<u32>().ok()));
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// The login name of a uid; `uid 1234` where nobody knows it.
pub fn name_of(uid: u32) -> String {
    Account::of(uid).map_or_else(|| format!("uid {uid}"), |account| account.name)
}

fn find(passwd: &str, uid: u32) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let name = fields.first().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
        let is = fields.get(2)?.parse() == Ok(uid);
        // A line without more still names them; they are in no group then.
        let gid = fields.get(3).and_then(|gid| gid.parse().ok()).unwrap_or(uid);
        let home = fields.get(5).filter(|home| !home.is_empty()).unwrap_or(&"/");
        is.then(|| Account { name: (*name).to_owned(), gid, home: PathBuf::from(home) })
    })
}

/// Groups that list a user.
fn members(group: &str, name: &str) -> Vec<u32> {
    let of = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let is = fields.get(3)?.split(',').any(|member| member == name);
        if is { fields.get(2)?.parse().ok() } else { None }
    };
    group.lines().filter_map(of).collect()
}

/// What a name service said to a question, and when.
type Said = HashMap<(String, String), (Instant, Option<String>)>;

fn ask_getent(database: &str, key: &str) -> Option<String> {
    static SAID: Mutex<Option<Said>> = Mutex::new(None);
    let said = || SAID.lock().unwrap_or_else(PoisonError::into_inner);
    let question = (database.to_owned(), key.to_owned());
    let known = said().get_or_insert_default().get(&question).cloned();
    if let Some((_, answer)) = known.filter(|(at, answer)| answer.is_some() || at.elapsed() < SPARED) {
        return answer;
    }
    let answer = getent(database, key);
    said().get_or_insert_default().insert(question, (Instant::now(), answer.clone()));
    answer
}

/// Its answer; `None`: it has none, there is no such program, or it took too long.
fn getent(database: &str, key: &str) -> Option<String> {
    // an absolute path: a `getent` in the operator's own PATH must not choose the name that the ledger records
    let mut getent = Command::new("/usr/bin/getent");
    getent.args([database, key]).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child::spawn(&mut getent).ok()?;
    let ended = Identity::of(child.id()).is_none_or(|process| process.gone_within(LIMIT) == Answer::Yes);
    if !ended {
        let killed = child.kill();
        tracing::warn!("getent {database} {key} took longer than {LIMIT:?} and was ended: {killed:?}");
        // One that waits for a disk cannot even be killed at once: whoever reaps it waits, not whoever asked.
        std::thread::spawn(move || child.wait());
        return None;
    }
    let output = child.wait_with_output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_of_a_uid_names_it_and_broken_lines_are_passed_over() {
        let passwd = "root:x:0:0::/root:/bin/sh\n\n#no:x:7:7\n+nis\nshort:x\nalice:x:1000:1000:Ä,,:/home/a:/bin/sh\nbob:x:1000:1::\n";
        let name = |uid| find(passwd, uid).map(|account| account.name);
        assert_eq!((name(1000).as_deref(), name(0).as_deref(), name(7)), (Some("alice"), Some("root"), None));
        let account = find(passwd, 1000).unwrap();
        assert_eq!((account.gid, account.home), (1000, PathBuf::from("/home/a")));
        assert_eq!(members("adm:x:4:alice,bob\nnone:x:5:\nops:x:9:malice\n\nx:x:7:alice\n", "alice"), [4, 7]);
    }
}
