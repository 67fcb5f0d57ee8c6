//! Who acts: read once from the kernel and the login records, never from a flag.
//!
//! What belongs here: names of users, the way a person came to this host. What to do with an operator is others' job.

mod getent;
mod login;
mod users;

pub use users::Account;

use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// Who asked, and from where. Fields that only the environment says are marked unverified in the audit ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Operator {
    /// Login name: of `/proc/self/loginuid` where it is set (it survives sudo), else of the real uid.
    pub name: String,
    /// Who logged in, as the kernel knows it (`loginuid`); `None`: it does not.
    #[serde(default)]
    pub login: Option<String>,
    pub effective: String,
    /// Client address and port: `10.0.0.7:51234`, `[2001:db8::7]:51234`, or a bare address where no port is known.
    pub from: Option<String>,
    /// True if a login record that only root writes (utmp, logind) says so too; else only the environment does.
    #[serde(default)]
    pub from_verified: bool,
    pub tty: Option<String>,
    /// Audit session id of the kernel, where there is one.
    pub session: Option<String>,
    /// Name of the control host.
    pub host: String,
    /// The change or incident that they work on, by their own word (`OPSDECK_TICKET`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

impl Operator {
    /// The person behind this process. Never fails: what can't be known is left out, a uid without a name is `uid 1000`.
    pub fn current() -> Self {
        let proc = Path::new("/proc/self");
        let real = rustix::process::getuid().as_raw();
        let tty = tty();
        let session = kernel_id(&proc.join("sessionid")).map(|id| id.to_string());
        let env = std::env::var("SSH_CONNECTION").ok();
        let record = login::recorded(tty.as_deref(), session.as_deref());
        let (from, from_verified) = login::client(env.as_deref(), record.as_deref());
        let logged_in = kernel_id(&proc.join("loginuid")).map(users::name_of);
        Self {
            name: logged_in.clone().unwrap_or_else(|| users::name_of(real)),
            login: logged_in,
            effective: users::name_of(rustix::process::geteuid().as_raw()),
            from,
            from_verified,
            tty,
            session,
            host: host(),
            ticket: std::env::var("OPSDECK_TICKET").ok().filter(|ticket| !ticket.trim().is_empty()),
        }
    }

    /// The user with this uid on this host, with nothing known of where from. For records without a process.
    pub fn of_uid(uid: u32) -> Self {
        let name = users::name_of(uid);
        Self { effective: name.clone(), name, host: host(), ..Self::default() }
    }

    /// opsdeck itself, where it acts by a policy and nobody asked: whoever started it is only who it runs as.
    pub fn opsdeck() -> Self {
        let effective = users::name_of(rustix::process::geteuid().as_raw());
        Self { name: Self::OPSDECK.to_owned(), effective, host: host(), ..Self::default() }
    }

    /// The name of [`Operator::opsdeck`].
    pub const OPSDECK: &str = "opsdeck serve";

    /// The peer of a unix socket, as the kernel names it (`SO_PEERCRED`): the login behind sudo where it is known.
    pub fn of_peer(uid: u32, pid: u32) -> Self {
        let proc = Path::new("/proc").join(pid.to_string());
        let peer = Self::of_uid(uid);
        let logged_in = kernel_id(&proc.join("loginuid")).map(users::name_of);
        Self {
            name: logged_in.clone().unwrap_or_else(|| peer.name.clone()),
            login: logged_in,
            session: kernel_id(&proc.join("sessionid")).map(|id| id.to_string()),
            ..peer
        }
    }

    /// `alice@bastion-1`, as the top line shows it.
    pub fn at_host(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }
}

/// `/proc/PID/loginuid` and `sessionid`: all bits set means "not set".
fn kernel_id(path: &Path) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok().filter(|id| *id != u32::MAX)
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The terminal of this process: the first of stdin, stdout, stderr that is one.
fn tty() -> Option<String> {
    let name = |fd: std::os::fd::BorrowedFd<'_>| rustix::termios::ttyname(fd, Vec::new()).ok();
    name(rustix::stdio::stdin())
        .or_else(|| name(rustix::stdio::stdout()))
        .or_else(|| name(rustix::stdio::stderr()))
        .map(|path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_of_this_process_has_a_name_and_a_host() {
        let me = Operator::current();
        assert!(!me.name.is_empty() && !me.effective.is_empty() && !me.host.is_empty());
        assert_eq!(me.at_host(), format!("{}@{}", me.name, me.host));
    }

    #[test]
    fn a_peer_is_named_by_its_uid_and_root_is_root() {
        assert_eq!(Operator::of_uid(0).name, "root");
        assert_eq!(Operator::of_uid(4_000_000_001).name, "uid 4000000001");
        let me = Operator::of_peer(rustix::process::getuid().as_raw(), std::process::id());
        assert_eq!(me.name, Operator::current().name);
    }

    #[test]
    fn a_loginuid_that_is_not_set_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("loginuid");
        fs::write(&file, "4294967295").unwrap();
        assert_eq!(kernel_id(&file), None);
        fs::write(&file, "1000\n").unwrap();
        assert_eq!(kernel_id(&file), Some(1000));
    }

    #[test]
    fn an_operator_written_before_a_field_existed_is_still_read() {
        let old = r#"{"name":"a","effective":"b","from":null,"tty":null,"session":null,"host":"h"}"#;
        assert!(!serde_json::from_str::<Operator>(old).unwrap().from_verified);
    }
}
