//! A project of two environments without a run, and the real binary in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const YAML: &str = "
environments: {production: {inventory: hosts.ini}, staging: {inventory: hosts.ini}}
checks: {web: {shell: 'true'}}
runbooks: [{name: restart, module: shell, args: 'true'}]
recovery: {web: {check: web, ladder: [restart], mode: act}}
";

pub struct World(tempfile::TempDir);

impl World {
    pub fn new() -> World {
        let world = World(tempfile::tempdir().unwrap());
        let hosts = "w2 ansible_connection=local\n[eu]\nw1 ansible_connection=local\n";
        std::fs::write(world.0.path().join("hosts.ini"), hosts).unwrap();
        std::fs::write(world.0.path().join("opsdeck.yaml"), YAML).unwrap();
        world
    }

    pub fn root(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// The exit code, and all that was said, in another folder.
    pub fn at(&self, folder: &Path, args: &str) -> (i32, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.arg("--state-dir").arg(self.state()).arg("-C").arg(folder).args(args.split_whitespace());
        command.env("HOME", self.0.path()).env_remove("ANSIBLE_CONFIG").env_remove("ANSIBLE_INVENTORY");
        let out = command.stdin(Stdio::null()).output().unwrap();
        let text = [out.stdout, out.stderr].concat();
        (out.status.code().unwrap(), String::from_utf8(text).unwrap())
    }

    pub fn opsdeck(&self, args: &str) -> (i32, String) {
        self.at(&self.root(), args)
    }
}
