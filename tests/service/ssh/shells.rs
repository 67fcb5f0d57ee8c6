//! Login shells that read a line each in its own way: the script is `/bin/sh`'s on all of them, byte for byte.

use super::{once, target};
use crate::support::Lab;
use opsdeck::cli::demo::system;
use opsdeck::health::sample::{SCRIPT, Sample};

const SHELLS: [&str; 7] = ["bash", "dash", "zsh", "ksh", "fish", "tcsh", "bsd-csh"];

/// What a script prints, wherever it runs.
const SCRIPTS: [(&str, &str); 5] = [
    ("printf '%s\\n' 'a\\\\b' \"sed s/\\\\\\\\/x/\"", "a\\\\b\nsed s/\\\\/x/\n"),
    ("echo 'C:\\'; echo second", "C:\\\nsecond\n"),
    ("! false && echo \"it's wow!!\" ~root/x ${HOME:+set} $((1+2))", "it's wow!! /root/x set 3\n"),
    ("cat <<'END'\n  $HOME \\ ! * ? ü\nEND\n", "  $HOME \\ ! * ? ü\n"),
    ("for i in 1 2\ndo echo $i\ndone # last", "1\n2\n"),
];

#[test]
fn every_login_shell_hands_the_script_on_as_it_is() {
    let mut lab = Lab::start(SHELLS.len());
    for (n, shell) in SHELLS.iter().enumerate() {
        let shell = system::find(shell).unwrap_or_else(|| panic!("{shell} is missing: tests/run installs it"));
        // sshd gives the line to the login shell with `-c`; here that one gives it on, the same, to another shell.
        let forced = format!("MaxSessions 64\nForceCommand exec {} -c \"$SSH_ORIGINAL_COMMAND\"", shell.display());
        lab.configure(&format!("h{}", n + 1), "MaxSessions 64", &forced);
    }
    for (n, shell) in SHELLS.iter().enumerate() {
        let target = target(&lab, &format!("h{}", n + 1));
        for (script, expected) in SCRIPTS {
            let done = once(&target, script);
            let said = (String::from_utf8_lossy(&done.out).into_owned(), done.code());
            assert_eq!(said, (expected.to_owned(), Some(0)), "{shell}: {script}");
        }
        let broken = once(&target, "echo 'begun");
        assert!(broken.code().is_some_and(|code| code != 0) && broken.out.is_empty(), "{shell}: {broken:?}");
        let sample = once(&target, SCRIPT);
        assert!(Sample::parse(&sample.out).is_some(), "{shell}: {sample:?}");
    }
}
