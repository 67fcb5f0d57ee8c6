//! Why a command has no exit code, told apart by what is known of the host afterwards.

/// Why there is no exit code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The host could not be logged in to: nothing was started there.
    #[error("{said}")]
    Unreachable {
        /// What stood in the way.
        kind: Unreached,
        /// What `ssh` said, made safe for a terminal.
        said: String,
    },
    /// Another user could not be become: the command was not started.
    #[error("{0}")]
    Become(String),
    /// The command began and did not end within its time; it may still run there.
    #[error("it did not end within {0} s, and may still run there")]
    TimedOut(u64),
    /// The connection went while the command ran: how it went is not known.
    #[error("the connection was lost while it ran, and how it went is not known: {0}")]
    Lost(String),
    /// The host gives no further session on the connection that is open: somebody works there, and nothing was started.
    #[error("{0}")]
    Busy(String),
    /// This machine could not do its part: nothing was started.
    #[error("{0}")]
    Local(String),
}

impl Failure {
    /// True where the command may have run, and nobody knows how it went.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Failure::TimedOut(_) | Failure::Lost(_))
    }
}

/// What stood in the way of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreached {
    Refused,
    /// The host's key is not known here.
    HostKey,
    /// The host's key is not the one on record.
    HostKeyChanged,
    Auth,
    TimedOut,
    /// The name has no address.
    Name,
    /// The server hung up before the login: it has too many, or does not want us.
    Dropped,
    /// The server gives no further session on a connection (`MaxSessions`).
    Sessions,
    /// Anything else that `ssh` says.
    Other,
}

/// Words of OpenSSH 8 and 9 in the order in which they are looked for: what comes first explains what comes after.
const WORDS: [(&str, Unreached); 18] = [
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", Unreached::HostKeyChanged),
    ("host key is known for", Unreached::HostKey),
    ("Host key verification failed", Unreached::HostKey),
    ("Could not resolve hostname", Unreached::Name),
    ("Permission denied (", Unreached::Auth),
    ("Too many authentication failures", Unreached::Auth),
    ("no matching host key type", Unreached::HostKey),
    ("Connection refused", Unreached::Refused),
    ("Connection timed out", Unreached::TimedOut),
    ("Operation timed out", Unreached::TimedOut),
    ("timed out during banner exchange", Unreached::TimedOut),
    ("Connection closed by", Unreached::Dropped),
    ("Connection reset by", Unreached::Dropped),
    ("Broken pipe", Unreached::Dropped),
    ("kex_exchange_identification", Unreached::Dropped),
    ("No route to host", Unreached::Other),
    ("Network is unreachable", Unreached::Other),
    ("Connection to ", Unreached::Dropped),
];

/// What `ssh` said when it could not log in.
pub(super) fn unreachable(stderr: &str, code: Option<i32>) -> Failure {
    let lines = crate::text::plain_lines(stderr);
    let mut lines = lines.iter().map(|l| l.trim()).filter(|l| !l.is_empty());
    let found = WORDS.iter().find(|(words, _)| stderr.contains(words));
    // The line that holds the reason; the warnings and banners around it help nobody.
    let line = match found {
        Some((words, _)) => lines.find(|l| l.contains(words)),
        None => lines.next_back(),
    };
    let said = match (line, code) {
        (Some(line), _) => line.to_owned(),
        (None, Some(code)) => format!("ssh ended with {code} and said nothing"),
        (None, None) => "ssh was killed".to_owned(),
    };
    let kind = found.map_or(Unreached::Other, |(_, kind)| *kind);
    // Where it may ask nobody, `ssh` says no more than that of a key that it does not know.
    let bare = kind == Unreached::HostKey && said.starts_with("Host key verification failed");
    let said = if bare { format!("the host key is not known here: {said}") } else { said };
    Failure::Unreachable { kind, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_apart() {
        let kind = |text: &str| match unreachable(text, Some(255)) {
            Failure::Unreachable { kind, said } => (kind, said),
            other => panic!("{other}"),
        };
        let refused = "ssh: connect to host 10.0.0.1 port 22: Connection refused\r\n";
        assert_eq!(kind(refused), (Unreached::Refused, refused.trim().to_owned()));
        let changed =
            "@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@\nHost key verification failed.\n";
        assert_eq!(kind(changed).0, Unreached::HostKeyChanged);
        let unknown = "No ED25519 host key is known for [h]:22 and you have requested strict checking.\r\nHost key \
                       verification failed.\r\n";
        let said = "No ED25519 host key is known for [h]:22 and you have requested strict checking.";
        assert_eq!(kind(unknown), (Unreached::HostKey, said.into()));
        let banner = "Authorised use only\ndeploy@h: Permission denied (publickey).\n";
        assert_eq!(kind(banner), (Unreached::Auth, "deploy@h: Permission denied (publickey).".into()));
        assert_eq!(kind("").1, "ssh ended with 255 and said nothing");
        assert_eq!(kind("odd \u{1b}[31mthing\n"), (Unreached::Other, "odd thing".into()));
    }
}
