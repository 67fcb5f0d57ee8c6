//! A small project in a folder of its own, and Ansible started on it exactly as a step runner does. Holds no test.

use opsdeck::ansible::ask::{Adhoc, Ask, Common, Play};
use opsdeck::ansible::event::{CallbackEvent, Outcome, What};
use opsdeck::ansible::secrets::{Secrets, Served, serve};
use opsdeck::ansible::tools::{Tool, find};
use opsdeck::ansible::{callback, command, decode, environment};
use opsdeck::project::cfg::{AnsibleCfg, Env};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub struct Scene {
    folder: tempfile::TempDir,
}

/// A child that runs, and what it reads its secrets from.
pub struct Running {
    pub child: Child,
    pub served: Option<Served>,
    base: PathBuf,
}

/// How it ended.
#[derive(Debug)]
pub struct Done {
    pub rc: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub events: Vec<u8>,
}

impl Scene {
    /// A project with hosts h1, h2, h3 over local connections, and these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        let hosts = "h1\nh2\nh3\n[all:vars]\nansible_connection=local\n\
                     ansible_python_interpreter={{ ansible_playbook_python }}\n";
        scene.write("hosts", hosts);
        for (path, text) in files {
            scene.write(path, text);
        }
        scene
    }

    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A path in the project.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("project").join(path)
    }

    /// The folder that a run would have: outputs, events, FIFOs.
    pub fn run_dir(&self) -> PathBuf {
        let path = self.folder.path().join("run");
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// A FIFO on which a task waits until the test opens it.
    pub fn gate(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        path
    }

    /// The environment of the person: a home of its own, and Ansible on PATH.
    pub fn env(&self) -> Env {
        let home = self.folder.path().join("home");
        fs::create_dir_all(&home).unwrap();
        let path = std::env::var("PATH").unwrap();
        Env::from([
            ("PATH", path.as_str()),
            ("HOME", home.to_str().unwrap()),
            ("TMPDIR", home.to_str().unwrap()),
            ("LANG", "C.UTF-8"),
        ])
    }

    pub fn playbook(&self, playbook: &str) -> Play {
        let common = Common { inventory: vec!["hosts".into()], ..Common::default() };
        Play { playbook: playbook.into(), common, ..Play::default() }
    }

    pub fn adhoc(&self, pattern: &str, module: &str, args: &str) -> Adhoc {
        let common = Common { inventory: vec!["hosts".into()], ..Common::default() };
        Adhoc { pattern: pattern.into(), module: module.into(), args: Some(args.into()), common }
    }

    /// The command with everything that opsdeck adds, not yet started.
    pub fn command(&self, ask: &Ask, served: Option<&Served>) -> Command {
        let (run, env) = (self.run_dir(), self.env());
        let plugin = callback::install(&self.folder.path().join("plugin")).unwrap();
        let adhoc = matches!(ask, Ask::Adhoc(_));
        let tool =
            find(if adhoc { Tool::Adhoc } else { Tool::Playbook }, &env).expect("Ansible on PATH (see tests/run)");
        let (events, stop_file) = (run.join("events.jsonl"), run.join("stop"));
        let channels = environment::Channels { plugin: &plugin, events: &events, stop_file: &stop_file };
        let cfg = AnsibleCfg::load(&self.path("."), &env);
        let argv = command::child(ask, &tool, served);
        let mut command = Command::new(&argv[0]);
        command.args(&argv[1..]).env_clear().current_dir(self.path("."));
        for name in ["PATH", "HOME", "TMPDIR", "LANG"] {
            command.env(name, env.get(name).unwrap());
        }
        command.envs(environment::additions(channels, adhoc, &cfg, &env)).env("ANSIBLE_NOCOLOR", "1");
        command
    }

    pub fn start(&self, ask: Ask, secrets: &Secrets) -> Running {
        let base = self.run_dir();
        let served = (!secrets.is_empty()).then(|| serve(secrets, &base.join("secrets")).unwrap());
        let mut command = self.command(&ask, served.as_ref());
        let file = |name: &str| Stdio::from(File::create(base.join(name)).unwrap());
        command.stdin(Stdio::null()).stdout(file("stdout.log")).stderr(file("stderr.log"));
        Running { child: command.spawn().unwrap(), served, base }
    }

    pub fn play(&self, playbook: &str) -> Done {
        self.start(Ask::Playbook(self.playbook(playbook)), &Secrets::default()).finish()
    }
}

impl Running {
    pub fn file(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.base.join(name)).unwrap_or_default()).into_owned()
    }

    pub fn finish(mut self) -> Done {
        let status = self.child.wait().unwrap();
        Done {
            rc: status.code(),
            signal: status.signal(),
            stdout: self.file("stdout.log"),
            stderr: self.file("stderr.log"),
            events: fs::read(self.base.join("events.jsonl")).unwrap_or_default(),
        }
    }
}

impl Done {
    /// Every line decoded; the numbers have no gap.
    pub fn events(&self) -> Vec<CallbackEvent<'_>> {
        let lines = self.events.split_inclusive(|b| *b == b'\n');
        let events: Vec<_> = lines.map(|line| decode(line).unwrap_or_else(|e| panic!("{e}: {line:?}"))).collect();
        let numbers: Vec<_> = events.iter().map(|e| e.n).collect();
        assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "{self:#?}");
        events
    }

    /// The run as lines, hosts of a task sorted: the same each time.
    pub fn story(&self) -> String {
        let mut story: Vec<String> = Vec::new();
        for event in self.events() {
            let line = match event.what {
                What::Hello(_) => "hello".into(),
                What::Plan(plays) => {
                    let plays: Vec<_> = plays.iter().map(|p| format!("{}={}", p.name, p.tasks.unwrap_or(0))).collect();
                    format!("plan {}", plays.join(" "))
                }
                What::Play { name, hosts, strategy, .. } => format!("play {name} on {} ({strategy})", hosts.join(",")),
                What::Task(t) => format!("task {} {}{}", t.number, t.name, if t.handler { " (handler)" } else { "" }),
                What::Start { .. } => continue,
                What::Result(outcome, r) => {
                    let ignored = if r.ignored { " ignored" } else { "" };
                    let diff = if r.diff { " diff" } else { "" };
                    let to = r.delegated_to.as_deref().map(|to| format!(" by {to}")).unwrap_or_default();
                    let said = matches!(outcome, Outcome::Failed | Outcome::Unreachable).then(|| r.message()).flatten();
                    let said = said.map(|m| format!(": {}", m.lines().next().unwrap_or_default())).unwrap_or_default();
                    format!("  {} {} {outcome:?}{ignored}{diff}{to}{said}", r.task.map_or(-1, i64::from), r.host)
                }
                What::Item(outcome, r) => {
                    format!(
                        "  {} {} item {} {outcome:?}",
                        r.task.map_or(-1, i64::from),
                        r.host,
                        r.item.unwrap_or_default()
                    )
                }
                What::Retry(r) => format!("  {} {} retry", r.task.map_or(-1, i64::from), r.host),
                What::Async(kind, r) => format!("  {} {} {kind}", r.task.map_or(-1, i64::from), r.host),
                What::Include { hosts, .. } => {
                    // In the order in which they came to it.
                    let mut hosts = hosts.clone();
                    hosts.sort_unstable();
                    format!("include for {}", hosts.join(","))
                }
                What::Notify { handler, host } => format!("notify {handler} for {host}"),
                What::Stats(hosts) => {
                    let one = |(host, r): (&_, &opsdeck::ansible::event::Tally)| {
                        let counts = [r.ok, r.changed, r.failed, r.unreachable, r.skipped, r.rescued, r.ignored];
                        format!("{host}={counts:?}")
                    };
                    format!("recap {}", hosts.iter().map(one).collect::<Vec<_>>().join(" "))
                }
                other => format!("{other:?}"),
            };
            story.push(line);
        }
        for results in story.chunk_by_mut(|a, b| a.starts_with("  ") && b.starts_with("  ")) {
            results.sort();
        }
        // how often a job in the background is asked depends on the machine
        story.retain(|line| !line.ends_with(" async_poll"));
        story.join("\n")
    }
}

/// All text of all files below a folder, FIFOs and sockets left alone.
pub fn all_text(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(all_text(&entry.path()));
        } else if kind.is_file() {
            found.push((entry.path(), fs::read(entry.path()).unwrap_or_default()));
        }
    }
    found
}
