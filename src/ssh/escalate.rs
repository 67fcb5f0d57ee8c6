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

static SUDO: Places = places!("sudo", "SUDO");
static SU: Places = places!("su", "SU");
static DOAS: Places = places!("doas", "DOAS");

/// The variables that say it, and those that hold a password.
pub(super) fn variables() -> (Vec<&'static str>, &'static [&'static str]) {
    let own = [&BECOME, &METHOD].into_iter().chain(SUDO.iter()).chain(SU.iter()).chain(DOAS.iter());
    let names = own.flat_map(|setting| setting.vars).copied().chain(["ansible_sudo_chdir"]).collect();
    (names, &PASSWORDS)
}

/// How a host's commands become another user; `None` if they do not. `login` is who logs in.
pub(super) fn of(says: &Says<'_>, options: &Options, login: Option<&str>) -> Result<Option<Become>, Why> {
    // A variable wins over `-b`, also with "no".
    let asked = says.any(BECOME.vars).is_none() && options.r#become;
    if !asked && !says.flag(&BECOME, false)? {
        return Ok(None);
    }
    let name = says.text(&METHOD, None)?.unwrap_or_else(|| "sudo".to_owned());
    let (method, [user, exe, flags], usual) = match name.rsplit('.').next() {
        Some("sudo") => (Method::Sudo, &SUDO, ("sudo", "-H -S -n")),
        Some("su") => (Method::Su, &SU, ("su", "")),
        Some("doas") => (Method::Doas, &DOAS, ("doas", "")),
        _ => return Err(format!("it becomes another user by {name:?}")),
    };
    let user = says.text(user, options.become_user.as_deref())?.filter(|u| !u.is_empty());
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
        exe: says.text(exe, None)?.filter(|e| !e.is_empty()).unwrap_or_else(|| usual.0.to_owned()),
        flags: says.text(flags, None)?.unwrap_or_else(|| usual.1.to_owned()),
        user,
        password: options.become_password,
    }))
}

/// What a login shell is handed, whatever shell it is: it holds no backslash, no exclamation mark, no line break and no quote
/// within its quotes, so that sh, bash, zsh, ksh, fish, csh and tcsh read it alike. What is to run comes as the first line
/// of its input, [`order`]. A master may ask for a command long after whoever ordered it has hung up: then there is an end
/// of the input instead, and nothing begins.
pub(super) fn line(has_input: bool) -> &'static str {
    match has_input {
        true => r#"exec /bin/sh -c 'IFS= read -r s || exit 255; s=$(printf %b. "$s"); exec /bin/sh -c "${s%.}"'"#,
        false => {
            r#"exec /bin/sh -c 'IFS= read -r s || exit 255; s=$(printf %b. "$s"); exec /bin/sh -c "${s%.}" </dev/null'"#
        }
    }
}

/// The first line of the input: `script` for `/bin/sh`, as another user where `becomes` says so. `mark` is printed, on a
/// line, as soon as the other user is become.
pub(super) fn order(script: &str, becomes: Option<(&Become, &str)>) -> String {
    let Some((becomes, mark)) = becomes else { return plain_bytes(script) };
    // A password that was not asked for must not be read by the command. The script is an argument, not part of the
    // text: a mistake in it is the command's failure.
    let input = if becomes.password { " </dev/null" } else { "" };
    let begin = quote(&format!("echo {mark}; exec /bin/sh -c \"$1\"{input}"));
    let command = format!("/bin/sh -c {begin} sh {}", quote(script));
    plain_bytes(&format!("exec {}", wrapped(&command, becomes)))
}

/// As `printf %b` reads it back: no byte that a shell, old or new, takes for something else. Ends with the line.
fn plain_bytes(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' => out.push(byte.into()),
            _ if b"_./:=,+-".contains(&byte) => out.push(byte.into()),
            _ => out.push_str(&format!("\\0{byte:03o}")),
        }
    }
    out.push('\n');
    out
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
    fn orders_are_ansibles() {
        let read = |order: String| {
            let out = Command::new("printf").args(["%b", order.trim_end()]).output().unwrap();
            String::from_utf8(out.stdout).unwrap()
        };
        assert_eq!(order("uptime -p", None), "uptime -p\n");
        let plain = read(order("it's", Some((&sudo(false), "MARK"))));
        let expected = r#"exec sudo -H -S -n -u root /bin/sh -c 'echo MARK; exec /bin/sh -c "$1"' sh 'it'\''s'"#;
        assert_eq!(plain, expected);
        let asks = read(order("x", Some((&sudo(true), "M"))));
        assert!(asks.contains("exec sudo -H -S -p '' -u root /bin/sh -c "), "{asks}");
        assert_eq!(without_n("-nHS --non-interactive --preserve-env -n"), "-HS --preserve-env");
    }

    /// Every shell that is here, as a login shell would be: its own name and the line.
    fn run(shell: &str, has_input: bool, input: &[u8]) -> Option<(Vec<u8>, Option<i32>)> {
        let mut child = Command::new(shell);
        child.args(["-c", line(has_input)]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = match child.spawn() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
            child => child.unwrap(),
        };
        // One that ends before it has read all of it is no failure.
        let _ = child.stdin.take().unwrap().write_all(input);
        let out = child.wait_with_output().unwrap();
        Some((out.stdout, out.status.code()))
    }

    #[test]
    fn a_shell_runs_exactly_the_script() {
        let script = "printf '%s|' \"$0\" 'a b' '$HOME'; cat; exit 7";
        let fake = Become { exe: "env".into(), flags: String::new(), method: Method::Sudo, ..sudo(false) };
        let becomes = Command::new("printf").args(["%b", order(script, Some((&fake, "MARK"))).trim_end()]).output();
        let becomes = plain_bytes(&String::from_utf8(becomes.unwrap().stdout).unwrap().replace("-u root", ""));
        for (order, begin) in [(order(script, None), ""), (becomes, "MARK\n")] {
            for (input, expected, code) in [
                (format!("{order}rest"), format!("{begin}/bin/sh|a b|$HOME|rest"), 7),
                (String::new(), String::new(), 255),
                // Its end is missing.
                (order.trim_end().to_owned(), String::new(), 255),
            ] {
                let (said, got) = run("sh", true, input.as_bytes()).unwrap();
                assert_eq!((String::from_utf8_lossy(&said).into_owned(), got), (expected, Some(code)), "{input:?}");
            }
        }
    }

    #[test]
    fn each_login_shell_runs_each_byte_of_it() {
        let all: String = (1..=0x24f).filter_map(char::from_u32).filter(|c| *c != '\'').collect();
        let scripts = [
            ("printf '%s\\n' 'a\\\\b' \"sed s/\\\\\\\\/x/\"", "a\\\\b\nsed s/\\\\/x/\n"),
            ("echo 'C:\\'; echo second", "C:\\\nsecond\n"),
            ("! false && echo 'wow!!' \"it's\" `echo $((1+2))` ~/x | sed 's,/.*/,,'", "wow!! it's 3 x\n"),
            ("cat <<'END'\n  $HOME \\ ! * ?\nEND\n", "  $HOME \\ ! * ?\n"),
            ("for i in 1 2\ndo echo $i\ndone # last", "1\n2\n"),
            ("printf %s 'ends with a line break\n'\n\n", "ends with a line break\n"),
            ("", ""),
        ];
        let every = (format!("printf %s '{all}'"), all.clone());
        let scripts = scripts.iter().map(|(script, out)| ((*script).to_owned(), (*out).to_owned()));
        let scripts: Vec<_> = scripts.chain([every]).collect();
        let mut tried = 0;
        for shell in ["sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh"] {
            for (script, expected) in &scripts {
                let Some((said, code)) = run(shell, false, order(script, None).as_bytes()) else { continue };
                tried += 1;
                assert_eq!(
                    (String::from_utf8_lossy(&said).as_ref(), code),
                    (expected.as_str(), Some(0)),
                    "{shell}: {script}"
                );
            }
        }
        assert!(tried >= 2 * scripts.len());
    }
}
