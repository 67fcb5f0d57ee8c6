//! Where a login came from: the environment says it (anyone can set it), login records confirm it (only root writes them).
//!
//! Records: `/run/utmp` by terminal, and systemd-logind's session file by the kernel's audit session id.

use std::fs;

/// Size of the head of a utmp record that is the same on every architecture: up to the end of `ut_host`.
const HOST_END: usize = 76 + 256;
const USER_PROCESS: u16 = 7;
/// Size of a utmp record: the time in it has 64 bits on the newer architectures.
const RECORD: usize = if cfg!(any(target_arch = "aarch64", target_arch = "riscv64")) { 400 } else { 384 };

/// The client's host as the login records name it.
pub fn recorded(tty: Option<&str>, session: Option<&str>) -> Option<String> {
    let utmp = || {
        let line = tty?.strip_prefix("/dev/")?;
        ["/run/utmp", "/var/run/utmp"].iter().find_map(|file| utmp_host(&fs::read(file).ok()?, line))
    };
    let logind = || logind_host(&fs::read_to_string(format!("/run/systemd/sessions/{}", session?)).ok()?);
    utmp().or_else(logind)
}

/// Address with port, and whether a record confirms it. A record that names another address than the environment wins.
pub fn client(env: Option<&str>, record: Option<&str>) -> (Option<String>, bool) {
    let mut words = env.unwrap_or_default().split_ascii_whitespace();
    let said = words.next().and_then(|ip| ip.parse::<std::net::IpAddr>().ok().map(|ip| (ip, words.next())));
    let text = match said {
        Some((ip, port)) => match port.and_then(|p| p.parse::<u16>().ok()) {
            Some(port) => Some(std::net::SocketAddr::new(ip, port).to_string()),
            None => Some(ip.to_string()),
        },
        None => None,
    };
    match (said, record) {
        (Some((ip, _)), Some(record)) if record.parse() == Ok(ip) => (text, true),
        (_, Some(record)) => (Some(record.to_owned()), true),
        (_, None) => (text, false),
    }
}

fn utmp_host(utmp: &[u8], line: &str) -> Option<String> {
    utmp.chunks_exact(RECORD).find_map(|record| {
        let text = |range: std::ops::Range<usize>| {
            let bytes = record.get(range)?;
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            std::str::from_utf8(&bytes[..end]).ok()
        };
        let kind = u16::from_ne_bytes([*record.first()?, *record.get(1)?]);
        (kind == USER_PROCESS && text(8..40)? == line)
            .then(|| text(76..HOST_END))
            .flatten()
            .filter(|host| is_host(host))
            .map(str::to_owned)
    })
}

fn logind_host(session: &str) -> Option<String> {
    let host = session.lines().find_map(|line| line.strip_prefix("REMOTE_HOST="))?.trim().trim_matches('"');
    is_host(host).then(|| host.to_owned())
}

/// tmux and screen write `tmux(123).%0` and `:0` into utmp: no host of a network.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(':')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utmp(line: &str, host: &str) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..2].copy_from_slice(&USER_PROCESS.to_ne_bytes());
        record[8..8 + line.len()].copy_from_slice(line.as_bytes());
        record[76..76 + host.len()].copy_from_slice(host.as_bytes());
        record
    }

    #[test]
    fn the_environment_alone_is_unverified() {
        let env = Some("10.0.0.7 51234 10.0.0.1 22");
        assert_eq!(client(env, None), (Some("10.0.0.7:51234".into()), false));
        assert_eq!(client(Some("2001:db8::7 9 ::1 22"), None).0.as_deref(), Some("[2001:db8::7]:9"));
        assert_eq!(client(Some("\x1b[31m evil"), None), (None, false));
        assert_eq!(client(None, None), (None, false));
    }

    #[test]
    fn a_login_record_confirms_it_or_wins() {
        let env = Some("10.0.0.7 51234 10.0.0.1 22");
        assert_eq!(client(env, Some("10.0.0.7")), (Some("10.0.0.7:51234".into()), true));
        assert_eq!(client(env, Some("10.9.9.9")), (Some("10.9.9.9".into()), true));
    }

    #[test]
    fn utmp_is_found_by_terminal_and_damaged_files_say_nothing() {
        let mut file = utmp("pts/1", "10.0.0.7");
        file.extend(utmp("pts/2", "tmux(99).%0"));
        assert_eq!(utmp_host(&file, "pts/1").as_deref(), Some("10.0.0.7"));
        assert_eq!(utmp_host(&file, "pts/2"), None);
        assert_eq!(utmp_host(&file[..100], "pts/1"), None);
        assert_eq!(utmp_host(&[], "pts/1"), None);
    }

    #[test]
    fn logind_names_the_remote_host() {
        assert_eq!(logind_host("UID=1\nREMOTE_HOST=10.0.0.8\n").as_deref(), Some("10.0.0.8"));
        assert_eq!(logind_host("UID=1\n"), None);
    }
}
