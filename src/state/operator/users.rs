//! Names of uids: `/etc/passwd`, read without a C library call (glibc's needs plugins at run time).
//!
//! Directory users (LDAP, SSSD) that are not in the file are asked of `getent`, where the machine has it. A name service that
//! hangs is not waited for: then they have no name.

use super::getent::ask_getent;
use std::fs;
use std::path::PathBuf;

/// A user, as the system lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub gid: u32,
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
