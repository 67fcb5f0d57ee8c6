//! A mount namespace of its own, made by a shell script, in which commands run: a full disk, a name service that hangs. Needs
//! root. Holds no test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Room {
    holder: Child,
}

impl Room {
    /// `setup` is carried out in it.
    pub fn new(setup: &str) -> Room {
        let script = format!("set -e; {setup}\necho ready; exec sleep 900");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", &script]);
        let mut holder = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("unshare is needed");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let room = Room { holder };
        assert_eq!(line, "ready\n", "no mount namespace: these tests need root");
        room
    }

    /// The same command, in here.
    pub fn command(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["--mount", "--target", &self.holder.id().to_string()]).arg("--");
        super::sandbox::same(&mut inside, command);
        inside
    }

    /// A path in here, as it is seen from outside.
    pub fn path(&self, path: &Path) -> PathBuf {
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(path.strip_prefix("/").unwrap())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
