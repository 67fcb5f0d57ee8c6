//! A command without pidfd_open(2) and pidfd_send_signal(2), taken away by seccomp(2): what it starts inherits that.
//! Holds no test.

use std::process::Command;

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
