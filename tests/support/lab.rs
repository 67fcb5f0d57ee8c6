//! A lab: real sshd hosts on loopback with keys of their own, an Ansible project that names them, a state directory.
//! Dropping it ends every process that carries its mark, and removes its folder.

use super::OPSDECK;
use opsdeck::cli::demo::{MARK, marked, sshd, system};
use opsdeck::state::identity::{Identity, Life};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Hosts `h1` to `hN` in the group `lab`, all reached by real ssh.
pub struct Lab {
    servers: Vec<sshd::Sshd>,
    folder: PathBuf,
}

impl Lab {
    /// Starts `n` hosts. The project has an inventory `hosts.ini` and no playbook yet.
    pub fn start(n: usize) -> Lab {
        let id = uuid::Uuid::now_v7().simple().to_string();
        let folder = PathBuf::from(format!("/tmp/opsdeck-lab-{}", &id[id.len() - 8..]));
        opsdeck::state::file::private_dir(&folder).unwrap();
        let mut lab = Lab { servers: Vec::new(), folder };
        let root = lab.folder.clone();
        fs::create_dir_all(lab.project().join("inventories")).unwrap();
        fs::create_dir_all(root.join("home")).unwrap();
        let (key, known) = (root.join("key"), root.join("known_hosts"));
        let mut inventory = "[lab]\n".to_owned();
        let mut hosts = String::new();
        let program = system::find("sshd").filter(|_| n > 0);
        assert!(program.is_some() || n == 0, "sshd is missing: tests/run installs it");
        if let Some(program) = program {
            sshd::keygen(&key, "opsdeck lab").unwrap();
            for (i, port) in system::free_ports(n).unwrap().into_iter().enumerate() {
                let (name, dir) = (format!("h{}", i + 1), root.join(format!("sshd{}", i + 1)));
                let mark = root.to_string_lossy();
                let env = [(MARK, &*mark), ("TMPDIR", &*mark)];
                hosts += &sshd::prepare(&dir, &name, port, &key.with_extension("pub"), &env).unwrap();
                inventory += &format!("{name} ansible_port={port}\n");
                lab.servers.push(sshd::Sshd::start(&program, &dir, port).unwrap());
            }
            lab.servers.iter_mut().for_each(|s| s.wait_ready(Duration::from_secs(20)).unwrap());
        }
        fs::write(&known, hosts).unwrap();
        // an ordinary user's sshd may be unable to give a terminal
        let tty = rustix::process::geteuid().is_root();
        inventory += &format!(
            "\n[lab:vars]\nansible_host=127.0.0.1\nansible_ssh_private_key_file={}\n\
             ansible_ssh_common_args=-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={}\n\
             ansible_remote_tmp={}\nansible_python_interpreter={}\n{}",
            key.display(),
            known.display(),
            root.join("home/tmp").display(),
            python(),
            if tty { "" } else { "ansible_ssh_use_tty=False\n" },
        );
        lab.write("inventories/lab/hosts.ini", &inventory);
        let home = root.join("home/ansible");
        let cfg =
            format!("[defaults]\ninventory = inventories/lab\nhome = {}\nlocalhost_warning = False\n", home.display());
        lab.write("ansible.cfg", &cfg);
        lab
    }

    /// Cuts a host off: its sshd ends with every session in it, and nobody answers at its port any more.
    pub fn cut(&mut self, host: &str) {
        let place = host.trim_start_matches('h').parse::<usize>().unwrap() - 1;
        drop(self.servers.remove(place));
    }

    /// Lets a host's sshd forward connections, which it does not by itself.
    pub fn forwards(&mut self, host: &str) {
        self.configure(host, "AllowTcpForwarding no", "AllowTcpForwarding yes");
    }

    /// Other words in a host's `sshd_config`, for sessions from now on.
    pub fn configure(&mut self, host: &str, from: &str, to: &str) {
        let place = host.trim_start_matches('h').parse::<usize>().unwrap();
        let config = self.folder.join(format!("sshd{place}/sshd_config"));
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&config, text.replace(from, to)).unwrap();
        // A new one: the old one, told to read it again, may still greet.
        let (port, dir) = (self.servers[place - 1].port(), self.folder.join(format!("sshd{place}")));
        drop(self.servers.remove(place - 1));
        let program = system::find("sshd").unwrap();
        let mut sshd = sshd::Sshd::start(&program, &dir, port).unwrap();
        sshd.wait_ready(Duration::from_secs(20)).unwrap();
        self.servers.insert(place - 1, sshd);
    }

    /// The lab's own folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The Ansible project.
    pub fn project(&self) -> PathBuf {
        self.folder.join("project")
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Writes a file of the project.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Any program in the project, with the lab's mark and nothing of the person who runs the tests.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.project()).stdin(Stdio::null());
        for (name, value) in self.env() {
            command.env(name, value);
        }
        if self.clock().exists() {
            command.env("LD_PRELOAD", self.folder.join("clock.so")).env("TEST_CLOCK", self.clock());
        }
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("ANSIBLE_")) {
            command.env_remove(name);
        }
        command
    }

    /// Sets the wall clock of all that is started in the lab from now on, so many seconds beside that of this machine; what
    /// was started since the first such word sees each of them.
    pub fn set_clock(&self, seconds: i64) {
        if !self.clock().exists() {
            let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/clock.c");
            let mut cc = Command::new("cc");
            let done =
                cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(self.folder.join("clock.so")).arg(source).status();
            assert!(done.unwrap().success(), "cc made no clock of {source}");
        }
        let new = self.folder.join("clock.new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, self.clock()).unwrap();
    }

    fn clock(&self) -> PathBuf {
        self.folder.join("clock")
    }

    /// Environment of everything that runs in the lab.
    pub fn env(&self) -> [(&'static str, PathBuf); 5] {
        [
            (MARK, self.folder.clone()),
            // A module that is killed leaves its files where it unpacked itself.
            ("TMPDIR", self.folder.clone()),
            ("HOME", self.folder.join("home")),
            ("OPSDECK_STATE", self.state()),
            ("XDG_CONFIG_HOME", self.folder.join("home/config")),
        ]
    }

    /// The real opsdeck with these arguments.
    pub fn opsdeck<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command(OPSDECK);
        command.args(args);
        command
    }

    /// Runs opsdeck to its end.
    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        self.opsdeck(args).output().unwrap()
    }

    /// Runs opsdeck, which must succeed, and gives its standard output.
    #[track_caller]
    pub fn ok<S: AsRef<std::ffi::OsStr>>(&self, args: impl IntoIterator<Item = S>) -> String {
        let out = self.run(args);
        let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(out.status.success(), "{}\nstdout: {stdout}\nstderr: {stderr}", out.status);
        stdout.into_owned()
    }

    /// Processes of this lab that still run (its sshd servers do not count, what runs on the hosts does).
    pub fn alive(&self) -> Vec<(Identity, String)> {
        let command = |pid: u32| fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\0', " ");
        let all = marked::all(&self.folder).into_iter().filter(|p| p.life() == Life::Alive);
        all.map(|p| (p.clone(), text(command(p.pid)))).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.servers.clear();
        marked::sweep(&self.folder);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A real Python for the modules: not a shim that starts a shell first.
fn python() -> &'static str {
    ["/usr/bin/python3", "/usr/local/bin/python3"].into_iter().find(|p| Path::new(p).exists()).unwrap_or("python3")
}
