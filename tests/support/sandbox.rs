//! What a process asks of the kernel goes wrong: a command without pidfd_open(2) and pidfd_send_signal(2), taken away by
//! seccomp(2), and one that strace holds. What it starts inherits both. Holds no test.

use super::wait::wait_true;
use opsdeck::state::Identity;
use std::ffi::OsStr;
use std::process::{Child, Command};

/// "Function not implemented", "too many open files".
pub const ENOSYS: u32 = 38;
pub const EMFILE: u32 = 24;

/// Both calls have the same numbers on every architecture (since they are newer than the common table).
const INSTALL: &str = r#"
import ctypes, os, struct, sys
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7fff0000, 0x00050000 | int(sys.argv[1])
rules = [(LOAD, 0, 0, 0), (EQUAL, 2, 0, 434), (EQUAL, 1, 0, 424), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ERRNO)]
code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
kept = ctypes.create_string_buffer(code)
program = struct.pack("HL", len(rules), ctypes.addressof(kept))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[2], sys.argv[2:])
"#;

/// The same command, where both calls fail with `errno`.
pub fn without_descriptors(command: &Command, errno: u32) -> Command {
    let mut wrapped = Command::new("python3");
    wrapped.args(["-c", INSTALL, &errno.to_string()]);
    same(&mut wrapped, command);
    wrapped
}

/// Adds a command, with its folder and environment, to one that carries it out.
pub fn same(wrapper: &mut Command, command: &Command) {
    wrapper.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        wrapper.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapper.env(name, value),
            None => wrapper.env_remove(name),
        };
    }
    wrapper.stdin(std::process::Stdio::null());
}

/// Attaches strace to a process and all that it starts, and waits until it has it.
pub fn strace(process: &Identity, args: &[&OsStr]) -> Child {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null"]).args(args).arg("-p").arg(process.pid.to_string());
    let strace = strace.spawn().expect("strace is needed");
    wait_true(20, "strace to have it", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid)).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
    });
    strace
}
