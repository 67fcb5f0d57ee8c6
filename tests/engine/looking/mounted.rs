//! A state directory on a small file system of its own, in a mount namespace of its own. Holds no test.

use crate::support::pty::Pty;
use crate::support::world::{World, text};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

/// The world, and whoever keeps its namespace.
pub struct Mounted {
    pub world: World,
    keeper: Child,
}

impl Mounted {
    /// `None`, and a word about it, where it cannot be made.
    pub fn new() -> Option<Mounted> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("LEFT OUT: this test needs root, to mount a file system");
            return None;
        }
        let world = World::new();
        std::fs::create_dir(world.store.root()).unwrap();
        let mut keeper = Command::new("unshare")
            .args(["-m", "sh", "-euc", "mount -t tmpfs -o size=4m,mode=700 none \"$1\"; echo mounted; exec cat", "sh"])
            .arg(world.store.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.trim() == "mounted" {
            return Some(Mounted { world, keeper });
        }
        keeper.wait().unwrap();
        eprintln!("LEFT OUT: no mount namespace can be made here");
        None
    }

    /// A command in the namespace.
    fn inside(&self, what: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--mount=/proc/{}/ns/mnt", self.keeper.id())).arg("--").arg(what.get_program());
        inside.args(what.get_args()).stdin(Stdio::null());
        for (name, value) in what.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    pub fn opsdeck(&self, args: &[&str]) -> Output {
        self.inside(&self.world.command(args)).output().unwrap()
    }

    /// The console, in a terminal of its own.
    pub fn console(&self) -> Pty {
        let inside = self.inside(&self.world.command(&[]));
        let words = std::iter::once(inside.get_program()).chain(inside.get_args()).map(|word| word.to_str().unwrap());
        let home = self.world.project().parent().unwrap().to_owned();
        Pty::start(&words.collect::<Vec<_>>(), self.world.project(), &[("HOME", home)], (200, 40))
    }

    /// A shell's line on the state directory (`$1`).
    pub fn sh(&self, line: &str) {
        let mut sh = Command::new("sh");
        sh.args(["-euc", line, "sh"]).arg(self.world.store.root());
        let done = self.inside(&sh).output().unwrap();
        assert!(done.status.success(), "{line}: {}", text(&done.stderr));
    }

    /// To the last byte.
    pub fn fill(&self) {
        self.sh("cat /dev/zero > \"$1/fill\" 2>/dev/null || true; test $(stat -f -c %f \"$1\") = 0");
    }

    pub fn empty(&self) {
        self.sh("rm \"$1/fill\"");
    }

    /// Does it while the databases are open in a process that is killed afterwards: what was written lies in their logs.
    pub fn crash(&self, args: &[&str]) {
        let hold = "import os,signal,sqlite3,subprocess,sys\n\
                    root=sys.argv[1]\n\
                    held=[sqlite3.connect(f'{root}/{name}.db') for name in ('control','audit','index')]\n\
                    [db.execute('select * from sqlite_master').fetchall() for db in held]\n\
                    subprocess.run(sys.argv[2:],check=True)\n\
                    os.kill(os.getpid(),signal.SIGKILL)\n";
        let act = self.world.command(args);
        let mut python = Command::new("python3");
        python.args(["-c", hold]).arg(self.world.store.root()).arg(act.get_program()).args(act.get_args());
        for (name, value) in act.get_envs() {
            match value {
                Some(value) => python.env(name, value),
                None => python.env_remove(name),
            };
        }
        let killed = self.inside(&python).output().unwrap();
        let signal = std::os::unix::process::ExitStatusExt::signal(&killed.status);
        assert_eq!(signal, Some(9), "{}", text(&killed.stderr));
        self.sh("test -s \"$1/control.db-wal\" && test -e \"$1/control.db-shm\"");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The file system goes with the last process in it.
        self.keeper.wait().unwrap();
    }
}
