//! Common failures in words for people: what an error of SSH or of Ansible means and what to do about it. Hints only:
//! nothing is decided by them.

/// (what the message holds, in lower case; the hint). The first that fits wins, so the specific come first.
const HINTS: &[(&str, &str)] = &[
    (
        "remote host identification has changed",
        "The host's key is not the one on record: it was reinstalled, or something sits between. Compare the fingerprint \
         with someone who knows, then `ssh-keygen -R HOST`.",
    ),
    (
        "host key verification failed",
        "The host's key is not known here yet. Connect once by hand (`ssh HOST`), or compare and add what \
         `ssh-keyscan HOST` prints to ~/.ssh/known_hosts.",
    ),
    (
        "could not resolve hostname",
        "The name cannot be resolved from this machine: check the spelling in the inventory, `ansible_host`, and DNS.",
    ),
    (
        "name or service not known",
        "The name cannot be resolved from this machine: check the spelling in the inventory, `ansible_host`, and DNS.",
    ),
    (
        "too many authentication failures",
        "SSH offered too many keys: name one with `IdentityFile` and `IdentitiesOnly yes`.",
    ),
    (
        "permission denied (publickey",
        "No key was accepted: is the agent running (`ssh-add -l`) and forwarded, and is the user right (`-u`)?",
    ),
    (
        "permission denied, please try again",
        "The SSH password was refused: give it again (`-k`), and check the user (`-u`).",
    ),
    ("invalid/incorrect password", "The password was refused: check which user it belongs to (`-u`, `--become-user`)."),
    ("incorrect sudo password", "The become password was refused: it is the password of the user who logs in."),
    ("incorrect su password", "The become password was refused: for `su` it is the password of the user one becomes."),
    ("missing sudo password", "sudo wants a password on this host: launch again with the become password (`-K`)."),
    (
        "is not in the sudoers file",
        "This user may not use sudo there: log in as another (`-u`), or have sudoers changed.",
    ),
    (
        "waiting for privilege escalation",
        "sudo or su did not answer: it may wait for a password (`-K`), or for a second factor.",
    ),
    ("connection refused", "The host answers but nothing listens on the SSH port: is sshd running, is the port right?"),
    ("no route to host", "The network has no way there: is the host up, is the VPN or the jump host in use?"),
    ("network is unreachable", "The network has no way there: is the VPN or the jump host in use?"),
    ("connection timed out", "No answer: the host is down, or a firewall drops the packets."),
    ("operation timed out", "No answer: the host is down, or a firewall drops the packets."),
    (
        "connection closed by",
        "The host closed the connection: see its sshd log (too many sessions, a deny rule, a full disk).",
    ),
    ("connection reset by", "The connection was cut: see the host's sshd log, and firewalls on the way."),
    ("no space left on device", "A disk is full: the host's (or this machine's, if it says so for every host)."),
    (
        "failed to create temporary directory",
        "Ansible cannot write its temporary folder there: a full or read-only disk?",
    ),
    (
        "failed to connect to the host via ssh: mux",
        "The shared SSH connection broke in the middle: launch again; `ssh -O exit HOST` clears it.",
    ),
    (
        "no vault secrets found",
        "Something is encrypted and no vault password was given: launch again with it (`--ask-vault-pass`).",
    ),
    (
        "decryption failed (no vault secrets",
        "None of the vault passwords given opens this file: is it the right vault id?",
    ),
    ("couldn't resolve module/action", "No such module here: a typing mistake, or its collection is not installed."),
    (
        "the module interpreter",
        "The Python that Ansible chose is missing on the host: set `ansible_python_interpreter` for it.",
    ),
    (
        "/usr/bin/python: not found",
        "There is no Python on the host: set `ansible_python_interpreter`, or install it (`raw`).",
    ),
];

/// A hint for a message of a failed or unreachable host, if it is one of the common ones.
pub fn hint(message: &str) -> Option<&'static str> {
    let message = message.to_lowercase();
    HINTS.iter().find(|(holds, _)| message.contains(holds)).map(|(_, hint)| *hint)
}

#[cfg(test)]
mod tests {
    use super::{HINTS, hint};

    #[test]
    fn the_specific_comes_before_the_general() {
        let changed = "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@ ... Host key verification failed.";
        assert!(hint(changed).unwrap().contains("ssh-keygen -R"));
        let new = "Failed to connect to the host via ssh: Host key verification failed.";
        assert!(hint(new).unwrap().contains("not known here yet"));
        assert_eq!(hint("non-zero return code"), None);
    }

    #[test]
    fn every_hint_can_be_reached() {
        for (at, (holds, _)) in HINTS.iter().enumerate() {
            assert_eq!(*holds, holds.to_lowercase());
            let earlier = HINTS[..at].iter().find(|(other, _)| holds.contains(other));
            assert_eq!(earlier, None, "{holds:?} is never reached");
        }
    }
}
