//! Names of uids: `/etc/passwd`, read without a C library call (glibc's needs plugins at run time).
//!
//! Directory users (LDAP, SSSD) that are not in the file are asked of `getent`, where the machine has it.

use std::fs;
use std::process::{Command, Stdio};

/// The login name of a uid; `uid 1234` where nobody knows it.
pub fn name_of(uid: u32) -> String {
    let known = fs::read("/etc/passwd").ok().and_then(|file| find(&String::from_utf8_lossy(&file), uid));
    known.or_else(|| ask_getent(uid)).unwrap_or_else(|| format!("uid {uid}"))
}

fn find(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty() && !name.starts_with(['#', '+', '-']))?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

fn ask_getent(uid: u32) -> Option<String> {
    // an absolute path: a `getent` in the operator's own PATH must not choose the name that the ledger records
    let mut getent = Command::new("/usr/bin/getent");
    getent.args(["passwd", &uid.to_string()]).env_clear().stdin(Stdio::null()).stderr(Stdio::null());
    find(&String::from_utf8_lossy(&getent.output().ok()?.stdout), uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_entry_of_a_uid_names_it_and_broken_lines_are_passed_over() {
        let passwd = "root:x:0:0::/root:/bin/sh\n\n#no:x:7:7\n+nis\nshort:x\nalice:x:1000:1000:Ä,,:/home/a:/bin/sh\nbob:x:1000:1::\n";
        assert_eq!(find(passwd, 1000).as_deref(), Some("alice"));
        assert_eq!(find(passwd, 0).as_deref(), Some("root"));
        assert_eq!(find(passwd, 7), None);
    }
}
