//! Becoming another user without a terminal: the command line as Ansible's become plugins build it, and the word by which
//! the other side tells that it worked.
//!
//! Facts (ansible-core 2.19, `plugins/become/*.py`; community.general, `doas.py`): `sudo FLAGS -u USER CMD`,
//! `su FLAGS USER -c CMD`, `doas FLAGS -n -u USER CMD`; flags and user stand as they are, unquoted.

use super::options::{Options, Says, Setting, Why};
use crate::inventory;

/// How another user is become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `sudo`; takes a password on its standard input.
    Sudo,
    /// `su`; only where it asks for none.
    Su,
    /// `doas`; only where it asks for none.
    Doas,
}

/// Who is become, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Become {
    pub method: Method,
    pub exe: String,
    /// Its flags, as a shell reads them.
    pub flags: String,
    pub user: String,
    /// A password is handed over.
    pub password: bool,
}

const BECOME: Setting =
    Setting { vars: &["ansible_become"], env: &["ANSIBLE_BECOME"], ini: &[("privilege_escalation", "become")] };
const METHOD: Setting = Setting {
    vars: &["ansible_become_method"],
    env: &["ANSIBLE_BECOME_METHOD"],
    ini: &[("privilege_escalation", "become_method")],
};
const SAME_USER: Setting = Setting {
    vars: &[],
    env: &["ANSIBLE_BECOME_ALLOW_SAME_USER"],
    ini: &[("privilege_escalation", "become_allow_same_user")],
};
const PASSWORDS: [&str; 5] =
    ["ansible_become_pass", "ansible_become_password", "ansible_sudo_pass", "ansible_su_pass", "ansible_doas_pass"];

/// User, program and flags of a method.
type Places = [Setting; 3];

macro_rules! places {
    ($name:literal, $env:literal) => {
        [
            Setting {
                vars: &["ansible_become_user", concat!("ansible_", $name, "_user")],
                env: &["ANSIBLE_BECOME_USER", concat!("ANSIBLE_", $env, "_USER")],
                ini: &[("privilege_escalation", "become_user"), (concat!($name, "_become_plugin"), "user")],
            },
            Setting {
                vars: &["ansible_become_exe", concat!("ansible_", $name, "_exe")],
                env: &["ANSIBLE_BECOME_EXE", concat!("ANSIBLE_", $env, "_EXE")],
                ini: &[("privilege_escalation", "become_exe"), (concat!($name, "_become_plugin"), "executable")],
            },
            Setting {
                vars: &["ansible_become_flags", concat!("ansible_", $name, "_flags")],
                env: &["ANSIBLE_BECOME_FLAGS", concat!("ANSIBLE_", $env, "_FLAGS")],
                ini: &[("privilege_escalation", "become_flags"), (concat!($name, "_become_plugin"), "flags")],
            },
        ]
    };
}

const SUDO: Places = places!("sudo", "SUDO");
const SU: Places = places!("su", "SU");
const DOAS: Places = places!("doas", "DOAS");

/// How a host's commands become another user; `None` if they do not. `login` is who logs in.
pub(super) fn of(says: &Says<'_>, options: &Options, login: Option<&str>) -> Result<Option<Become>, Why> {
    // A variable wins over `-b`, also with "no".
    let asked = says.any(BECOME.vars).is_none() && options.r#become;
    if !asked && !says.flag(&BECOME, false)? {
        return Ok(None);
    }
    let name = says.text(&METHOD, None)?.unwrap_or_else(|| "sudo".to_owned());
    let (method, [user, exe, flags], usual) = match name.rsplit('.').next() {
        Some("sudo") => (Method::Sudo, SUDO, ("sudo", "-H -S -n")),
        Some("su") => (Method::Su, SU, ("su", "")),
        Some("doas") => (Method::Doas, DOAS, ("doas", "")),
        _ => return Err(format!("it becomes another user by {name:?}")),
    };
    let user = says.text(&user, options.become_user.as_deref())?.filter(|u| !u.is_empty());
    let user = user.unwrap_or_else(|| "root".to_owned());
    if login == Some(&user) && !says.flag(&SAME_USER, false)? {
        return Ok(None);
    }
    if let Some(name) = says.any(&PASSWORDS) {
        return Err(format!("{name} holds a password, which only Ansible hands over"));
    }
    for (variable, section, key) in [
        ("ANSIBLE_BECOME_PASSWORD_FILE", "defaults", "become_password_file"),
        ("ANSIBLE_BECOME_PASS", "sudo_become_plugin", "password"),
        ("ANSIBLE_SUDO_PASS", "su_become_plugin", "password"),
        ("ANSIBLE_SUDO_CHDIR", "sudo_become_plugin", "chdir"),
    ] {
        if says.cfg.setting(variable, section, key).is_some() {
            return Err(format!("{variable} or [{section}] {key} is set"));
        }
    }
    if let Some(name) = says.any(&["ansible_sudo_chdir"]) {
        return Err(format!("{name} is set"));
    }
    if options.become_password && method != Method::Sudo {
        return Err(format!("{name} reads its password from a terminal"));
    }
    Ok(Some(Become {
        method,
        exe: says.text(&exe, None)?.filter(|e| !e.is_empty()).unwrap_or_else(|| usual.0.to_owned()),
        flags: says.text(&flags, None)?.unwrap_or_else(|| usual.1.to_owned()),
        user,
        password: options.become_password,
    }))
}

/// The first line of a command's standard input: nothing begins without it.
pub(super) const GO: &str = "go\n";

/// Waits for [`GO`]. A master may ask for a command long after whoever ordered it has hung up: then there is an end of the
/// input instead. Every login shell reads the word before it alike.
fn gate(has_input: bool) -> String {
    let input = if has_input { "" } else { "exec </dev/null; " };
    format!(r#"IFS= read -r OPSDECK_GO && [ "$OPSDECK_GO" = go ] || exit 255; unset OPSDECK_GO; {input}"#)
}

/// The line for the login shell of a host that waits for [`GO`] and then runs `script` with `/bin/sh`, as another user where
/// `becomes` says so. `mark` is printed, on a line, as soon as the other user is become.
pub(super) fn line(script: &str, has_input: bool, becomes: Option<(&Become, &str)>) -> String {
    let gate = gate(has_input);
    let Some((becomes, mark)) = becomes else { return format!("exec /bin/sh -c {}", quote(&(gate + script))) };
    // A password that was not asked for must not be read by the command. The script is an argument, not part of the
    // text: a mistake in it is the command's failure.
    let input = if becomes.password { " </dev/null" } else { "" };
    let begin = quote(&format!("echo {mark}; exec /bin/sh -c \"$1\"{input}"));
    let command = format!("/bin/sh -c {begin} sh {}", quote(script));
    format!("exec /bin/sh -c {}", quote(&format!("{gate}exec {}", wrapped(&command, becomes))))
}

/// Likewise as people would type it: nothing is printed before, and a password is asked for.
pub(super) fn pasted(script: Option<&str>, becomes: Option<&Become>) -> String {
    let command = script.map_or("/bin/sh".to_owned(), |script| format!("/bin/sh -c {}", quote(script)));
    becomes.map_or(command.clone(), |becomes| wrapped(&command, becomes))
}

fn wrapped(command: &str, becomes: &Become) -> String {
    let Become { exe, flags, user, .. } = becomes;
    match becomes.method {
        Method::Sudo if becomes.password => format!("{exe} {} -p '' -u {user} {command}", without_n(flags)),
        Method::Sudo => format!("{exe} {flags} -u {user} {command}"),
        Method::Su => format!("{exe} {flags} {user} -c {}", quote(command)),
        Method::Doas => format!("{exe} {flags} -n -u {user} {command}"),
    }
}

/// One word for any POSIX shell.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// `-n` forbids the password that is handed over.
fn without_n(flags: &str) -> String {
    let Ok(words) = inventory::words(flags) else { return flags.to_owned() };
    let kept = words.iter().filter(|w| *w != "-n" && *w != "--non-interactive").map(|word| {
        match word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            Some(letters) => format!("-{}", letters.replacen('n', "", 1)),
            None => word.clone(),
        }
    });
    kept.map(|word| if word.contains([' ', '\'', '"']) { quote(&word) } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    fn sudo(password: bool) -> Become {
        let (exe, flags, user) = ("sudo".into(), "-H -S -n".into(), "root".into());
        Become { method: Method::Sudo, exe, flags, user, password }
    }

    #[test]
    fn lines_are_ansibles() {
        let waits = |line: &str| line.starts_with("exec /bin/sh -c 'IFS= read -r ");
        assert!(
            waits(&line("uptime", false, None)) && line("uptime", false, None).ends_with("exec </dev/null; uptime'")
        );
        let inner = |line: String| crate::inventory::words(&line).unwrap().pop().unwrap();
        let plain = inner(line("it's", true, Some((&sudo(false), "MARK"))));
        let expected = r#"exec sudo -H -S -n -u root /bin/sh -c 'echo MARK; exec /bin/sh -c "$1"' sh 'it'\''s'"#;
        assert!(plain.ends_with(expected), "{plain}");
        assert!(inner(line("x", true, Some((&sudo(true), "M")))).contains("exec sudo -H -S -p '' -u root /bin/sh -c "));
        assert_eq!(without_n("-nHS --non-interactive --preserve-env -n"), "-HS --preserve-env");
    }

    #[test]
    fn a_shell_runs_exactly_the_script() {
        let script = "printf '%s|' \"$0\" 'a b' '$HOME'; cat; exit 7";
        let fake = Become { exe: "env".into(), flags: String::new(), method: Method::Sudo, ..sudo(false) };
        let become_line = line(script, true, Some((&fake, "MARK"))).replace("-u root", "");
        for (text, begin) in [(line(script, true, None), ""), (become_line, "MARK\n")] {
            for (input, expected, code) in [
                ("go\nrest", format!("{begin}/bin/sh|a b|$HOME|rest"), 7),
                ("", String::new(), 255),
                ("g", String::new(), 255),
            ] {
                let mut child = Command::new("sh");
                child.args(["-c", &text]).stdin(Stdio::piped()).stdout(Stdio::piped());
                let mut child = child.spawn().unwrap();
                child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
                let out = child.wait_with_output().unwrap();
                let said = String::from_utf8_lossy(&out.stdout).into_owned();
                assert_eq!((said, out.status.code()), (expected, Some(code)), "{text} {input:?}");
            }
        }
    }
}
