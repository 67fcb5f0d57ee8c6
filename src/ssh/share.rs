//! How the connection of a host is shared: the control socket that Ansible's ssh plugin names, or what the operator's
//! own arguments say, and what is missing for a master of ours.
//!
//! Facts (ansible-core 2.19, `plugins/connection/ssh.py`): an argument that holds `controlpersist` switches sharing on;
//! one that holds `controlpath` names the socket; else it is `<dir>/<sha1("host-port-user")[:10]>`, with Python's `None`
//! for what is not set. OpenSSH takes the first value that it meets for each option.

use super::options::Why;
use sha1::{Digest, Sha1};
use std::path::{Path, PathBuf};

/// The socket of a host's master.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Socket {
    At(PathBuf),
    /// Where `ssh -G` says: the path holds `%h` and its kind.
    AsSshSays,
}

/// What the arguments lack for a shared connection, and where its socket is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub socket: Socket,
    pub ansible: Vec<String>,
    /// What we add, where the arguments leave it open.
    pub ours: Vec<String>,
}

/// Ansible's name for the socket of a host.
pub(super) fn digest(host: &str, port: Option<u32>, user: Option<&str>) -> String {
    let port = port.map_or("None".to_owned(), |p| p.to_string());
    let text = format!("{host}-{port}-{}", user.unwrap_or("None"));
    let mut name: String = Sha1::digest(text.as_bytes()).iter().take(5).map(|b| format!("{b:02x}")).collect();
    name.truncate(10);
    name
}

/// How a command line with these arguments shares its connection. `named` is Ansible's `control_path` with the folder
/// filled in, `folder` its `control_path_dir`, `name` its own name for the socket.
pub(super) fn share(args: &[String], named: Option<&str>, folder: &Path, name: &str) -> Result<Share, Why> {
    let set = |option: &str| value(args, option);
    for (option, off) in
        [("controlmaster", &["no", "false"][..]), ("controlpersist", &["no", "false"]), ("controlpath", &["none"])]
    {
        if set(option).is_some_and(|v| off.contains(&v.to_lowercase().as_str())) {
            return Err(format!("the ssh arguments switch sharing of connections off ({option})"));
        }
    }
    if set("controlmaster").is_some_and(|v| v.to_lowercase().contains("ask")) {
        return Err("the ssh arguments ask a person before a connection is shared".to_owned());
    }
    let holds = |word: &str| args.iter().any(|a| a.to_lowercase().contains(word));
    let option = |text: String| ["-o".to_owned(), text];
    let (mut ansible, mut ours) = (Vec::new(), Vec::new());
    let socket = if holds("controlpath") || args.iter().any(|a| a.starts_with("-S")) {
        Socket::AsSshSays
    } else if holds("controlpersist") {
        let path = named.map_or_else(|| folder.join(name).display().to_string(), str::to_owned);
        ansible.extend(option(format!("ControlPath=\"{path}\"")));
        at(&path)
    } else {
        // Ansible would log in for each task. A socket of our own, which Ansible does not look for.
        let path = folder.join(format!("opsdeck-{name}")).display().to_string();
        ours.extend(option(format!("ControlPath=\"{path}\"")));
        at(&path)
    };
    if !holds("controlpersist") {
        ours.extend(option("ControlPersist=60s".to_owned()));
    }
    if set("controlmaster").is_none() {
        ours.extend(option("ControlMaster=auto".to_owned()));
    }
    Ok(Share { socket, ansible, ours })
}

fn at(path: &str) -> Socket {
    // ssh fills these in: `%h`, `~/`, `${VAR}`
    match path.contains('%') || path.starts_with('~') || path.contains("${") {
        true => Socket::AsSshSays,
        false => Socket::At(PathBuf::from(path)),
    }
}

/// The value of an option among arguments: `-o Name=value`, `-o "Name value"`, `-oName=value`. The first one counts.
fn value<'a>(args: &'a [String], option: &str) -> Option<&'a str> {
    args.iter().enumerate().find_map(|(i, arg)| {
        let text = match arg.strip_prefix("-o") {
            Some("") => args.get(i + 1)?,
            Some(glued) => glued,
            None => return None,
        };
        let (name, value) = text.split_once(['=', ' ', '\t'])?;
        let value = value.trim_start_matches(['=', ' ', '\t']).trim_matches('"');
        name.trim().eq_ignore_ascii_case(option).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn names_are_ansibles() {
        // python3 -c "import hashlib; print(hashlib.sha1(b'10.0.0.1-22-deploy').hexdigest()[:10])"
        assert_eq!(digest("10.0.0.1", Some(22), Some("deploy")), "77f2808194");
        assert_eq!(digest("web1", None, None), "ae750fdd40");
    }

    #[test]
    fn what_is_missing_is_added_and_nothing_is_taken_over() {
        let folder = Path::new("/home/a/.ansible/cp");
        let of = |text: &str| share(&words(text), None, folder, "abc").unwrap();
        let usual = of("-C -o ControlMaster=auto -o ControlPersist=60s");
        let ansible = words("-o ControlPath=\"/home/a/.ansible/cp/abc\"");
        assert_eq!(usual, Share { socket: Socket::At(folder.join("abc")), ansible, ours: vec![] });
        let none = of("-o ForwardAgent=yes");
        assert_eq!(none.socket, Socket::At(folder.join("opsdeck-abc")));
        assert_eq!((none.ansible.len(), none.ours.len()), (0, 6));
        let own = of("-o ControlPersist=1h -oControlPath=~/.ssh/%C");
        assert_eq!((own.socket, own.ours), (Socket::AsSshSays, words("-o ControlMaster=auto")));
    }

    #[test]
    fn sharing_that_is_off_stays_off() {
        for text in ["-o ControlMaster=no", "-oControlPersist=no", "-o controlpath=none", "-o ControlMaster=autoask"] {
            assert!(share(&words(text), None, Path::new("/cp"), "abc").is_err(), "{text}");
        }
    }

    #[test]
    fn a_named_path_is_taken_as_it_is() {
        let args = words("-o ControlPersist=60s");
        let of = |named: &str| share(&args, Some(named), Path::new("/cp"), "abc").unwrap().socket;
        assert_eq!(of("/cp/fixed"), Socket::At("/cp/fixed".into()));
        assert_eq!(of("/cp/%h-%r"), Socket::AsSshSays);
    }
}
