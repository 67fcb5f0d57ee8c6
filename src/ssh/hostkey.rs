//! A host key that is not the one on record: what was sent, what was expected, where that stands and what takes it away, in
//! one line. `ssh` says all but the fingerprint on record in a dozen.
//!
//! Facts (OpenSSH 9, `sshconnect.c`, `check_host_key`): "The fingerprint for the TYPE key sent by the remote host is",
//! "Offending TYPE key in FILE:LINE", and since 7.9 the whole `ssh-keygen -f FILE -R NAME`.

use std::ffi::OsStr;
use std::path::PathBuf;

/// What `ssh` told of a key that has changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// Such as `ED25519`.
    kind: String,
    /// The fingerprint of the key that the host sent.
    sent: String,
    file: PathBuf,
    line: u32,
    /// The host as it is called in that file.
    name: Option<String>,
}

impl Changed {
    /// From all that `ssh` wrote; `None` where it is about something else.
    pub fn of(stderr: &str) -> Option<Self> {
        if !stderr.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
            return None;
        }
        let lines = crate::text::plain_lines(stderr);
        let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
        let sent = lines.iter().find_map(|line| line.strip_prefix("SHA256:"))?.trim_end_matches('.');
        let offending = lines.iter().find_map(|line| line.strip_prefix("Offending "))?;
        let (kind, place) = offending.split_once(" key in ")?;
        let (file, line) = place.rsplit_once(':')?;
        let removes = lines.iter().find_map(|line| line.strip_prefix("ssh-keygen -f "));
        let name = removes.and_then(|line| line.rsplit_once(" -R ")).map(|(_, name)| name.trim_matches(['"', '\'']));
        Some(Self {
            kind: kind.to_owned(),
            sent: format!("SHA256:{sent}"),
            file: file.into(),
            line: line.parse().ok()?,
            name: name.map(str::to_owned),
        })
    }

    /// What `ssh-keygen` must be told to list the keys on record for that host; `None` where its name is not known.
    pub fn question(&self) -> Option<[&OsStr; 5]> {
        let name = OsStr::new(self.name.as_deref()?);
        Some([OsStr::new("-l"), OsStr::new("-F"), name, OsStr::new("-f"), self.file.as_os_str()])
    }

    /// In one line, with the fingerprint on record from what `ssh-keygen` printed.
    pub fn told(&self, listed: &str) -> String {
        let Self { kind, sent, file, line, name } = self;
        let record = found(listed, *line).unwrap_or_else(|| "a key that cannot be read".to_owned());
        let file = file.display();
        let remove = match name {
            Some(name) => format!("ssh-keygen -f '{file}' -R '{name}'"),
            None => format!("take line {line} out of {file}"),
        };
        format!(
            "the {kind} host key has CHANGED: sent {sent}, on record {record} ({file}:{line}). Reinstalled, or somebody in \
             between? Compare with who knows, then: {remove}"
        )
    }
}

/// The fingerprint in what `ssh-keygen -l -F` prints, of the line of that number.
fn found(out: &str, line: u32) -> Option<String> {
    let mut lines = out.lines();
    lines.find(|text| text.trim_end().ends_with(&format!("found: line {line}")))?;
    lines.next()?.split_whitespace().find(|word| word.starts_with("SHA256:")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
The fingerprint for the ED25519 key sent by the remote host is\r
SHA256:new.\r
Please contact your system administrator.\r
Add correct host key in /h/known hosts to get rid of this message.\r
Offending ED25519 key in /h/known hosts:12\r
  remove with:\r
  ssh-keygen -f \"/h/known hosts\" -R \"[192.0.2.8]:2222\"\r
Host key for [192.0.2.8]:2222 has changed and you have requested strict checking.\r
Host key verification failed.\r\n";

    #[test]
    fn what_ssh_says_is_taken_apart() {
        let changed = Changed::of(SAID).unwrap();
        let expected = Changed {
            kind: "ED25519".into(),
            sent: "SHA256:new".into(),
            file: "/h/known hosts".into(),
            line: 12,
            name: Some("[192.0.2.8]:2222".into()),
        };
        assert_eq!(changed, expected);
        assert_eq!(Changed::of("No ED25519 host key is known for x.\nHost key verification failed."), None);
        let listed = "# Host x found: line 1 \nx RSA SHA256:other \n# Host x found: line 12 \nx ED25519 SHA256:old \n";
        assert_eq!(found(listed, 12).as_deref(), Some("SHA256:old"));
        assert_eq!(found(listed, 2), None);
    }
}
