//! `opsdeck sh --wait` on 400 loopback hosts: warm against `ansible -m shell -f 50`, cold against plain `ssh` from
//! `xargs -P 50`, our own CPU a command, and the CPU of the control host without the hosts'. `cargo bench --bench fanout`,
//! with Ansible on PATH. Fails below 100 times, above 1.1 times. `OPSDECK_BENCH_HOSTS` sets another number of hosts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench that cannot go on stops")]

#[path = "fanout/control.rs"]
mod control;

use opsdeck::cli::demo::{sshd, system};
use opsdeck::inventory::{self, Inventory};
use opsdeck::project::cfg::{AnsibleCfg, Env};
use opsdeck::ssh::{Command as Order, Limits, Options, Pool, Route, route};
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Warm and cold turns.
const TURNS: usize = 3;
/// A program on the host, beside the shell that starts it.
const PROGRAM: &str = "uptime -p";

struct Bench {
    dir: tempfile::TempDir,
    hosts: usize,
    port: u16,
    _server: sshd::Sshd,
}

impl Bench {
    fn start(hosts: usize) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let key = root.join("key");
        sshd::keygen(&key, "bench").unwrap();
        let port = system::free_ports(1).unwrap()[0];
        let server = root.join("sshd");
        let line = sshd::prepare(&server, "bench", port, &key.with_extension("pub"), &[]).unwrap();
        std::fs::write(root.join("known_hosts"), line.replace("[127.0.0.1]", "[127.0.*]")).unwrap();
        let config = std::fs::read_to_string(server.join("sshd_config")).unwrap();
        let config = config.replace("ListenAddress 127.0.0.1", "ListenAddress 0.0.0.0");
        std::fs::write(server.join("sshd_config"), config.replace("MaxStartups 100", "MaxStartups 1000")).unwrap();
        let mut server = sshd::Sshd::start(&system::find("sshd").expect("sshd"), &server, port).unwrap();
        server.wait_ready(Duration::from_secs(20)).unwrap();
        let mut text = String::new();
        for n in 0..hosts {
            writeln!(text, "n{n} ansible_host={}", address(n)).unwrap();
        }
        write!(
            text,
            "[all:vars]\nansible_port={port}\nansible_ssh_private_key_file={}\nansible_python_interpreter=/usr/bin/python3\n\
             ansible_ssh_common_args=-F none -o IdentitiesOnly=yes -o UserKnownHostsFile={}\nansible_remote_tmp={}\n",
            key.display(),
            root.join("known_hosts").display(),
            root.join("tmp").display()
        )
        .unwrap();
        std::fs::write(root.join("hosts.ini"), text).unwrap();
        std::fs::write(
            root.join("ansible.cfg"),
            "[ssh_connection]\nssh_args = -o ControlMaster=auto -o ControlPersist=600s\n",
        )
        .unwrap();
        Bench { dir, hosts, port, _server: server }
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn time(&self, mut command: Command) -> Duration {
        command.current_dir(self.root()).env("HOME", self.root()).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("OPSDECK_STATE", self.root().join("state"));
        let start = Instant::now();
        let status = command.status().unwrap();
        assert!(status.success(), "{command:?}: {status}");
        start.elapsed()
    }

    fn sh(&self, script: &str) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_opsdeck"));
        command.args(["sh", "all", "-i", "hosts.ini", "--wait", "--", script]);
        self.time(command)
    }

    fn ansible(&self, script: &str) -> Duration {
        let mut command = Command::new("ansible");
        command.args(["all", "-i", "hosts.ini", "-f", "50", "-m", "shell", "-a", script]);
        self.time(command)
    }

    /// Plain ssh, 50 at once, no master.
    fn xargs(&self) -> Duration {
        let all: String = (0..self.hosts).map(|n| format!("{}\n", address(n))).collect();
        std::fs::write(self.root().join("addresses"), all).unwrap();
        let script = format!(
            "xargs -a addresses -P 50 -I{{}} ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityFile=key \
             -o UserKnownHostsFile=known_hosts -o Port={} {{}} {PROGRAM} </dev/null",
            self.port
        );
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        self.time(command)
    }

    /// Plain ssh over the masters that are there, 50 at once: the hosts' part and a process a host, no shell but the login's.
    fn multiplexed(&self, script: &str) -> Duration {
        let list = "ls .ansible/cp/* | xargs -P 50 -I{} ssh -n -F none -o BatchMode=yes -S {} host";
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{list} {script}")]);
        self.time(command)
    }

    /// Ends every master.
    fn cool(&self) {
        let Ok(sockets) = std::fs::read_dir(self.root().join(".ansible/cp")) else { return };
        for socket in sockets.flatten() {
            let quiet = || Stdio::null();
            let mut end = Command::new("ssh");
            end.args(["-O", "exit", "-S"]).arg(socket.path()).arg("x").stdout(quiet()).stderr(quiet());
            let _ = end.status();
            let _ = std::fs::remove_file(socket.path());
        }
    }

    /// A command over a warm master, without a run around it: CPU of this process, and time in all (microseconds). What is
    /// between them is ssh, sshd and the shell on the host.
    fn bare(&self, script: &str) -> (f64, f64) {
        let env: Env = [("HOME".to_owned(), self.root().display().to_string())].into_iter().collect();
        let cfg = AnsibleCfg::load(self.root(), &env);
        let inventory = Inventory::load(self.root(), &["hosts.ini".into()], &inventory::Options { env }).unwrap();
        let targets: Vec<_> = inventory
            .hosts()
            .map(|id| match route(&inventory, id, &cfg, &Options::default()) {
                Route::Ssh(target) => *target,
                Route::Ansible { why } => panic!("{why}"),
            })
            .collect();
        let order = Order {
            alone: true,
            script: script.into(),
            stdin: Vec::new(),
            timeout: Duration::from_secs(60),
            limit: 1 << 16,
            password: None,
        };
        let pool = Pool::new(Limits::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (start, before) = (Instant::now(), cpu());
        let rounds = 5;
        runtime.block_on(async {
            for _ in 0..rounds {
                let mut set = tokio::task::JoinSet::new();
                for target in &targets {
                    let (pool, target, order) = (pool.clone(), target.clone(), order.clone());
                    set.spawn(async move { pool.run(&target, &order, |_| {}).await.unwrap() });
                }
                while let Some(exit) = set.join_next().await {
                    assert_eq!(exit.unwrap().code, Some(0));
                }
            }
        });
        let commands = (rounds * targets.len()) as f64;
        ((cpu() - before).as_micros() as f64 / commands, start.elapsed().as_micros() as f64 / commands)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.cool();
    }
}

fn address(n: usize) -> String {
    format!("127.0.{}.{}", 2 + n / 250, 1 + n % 250)
}

/// User and system time of this process (the kernel counts in hundredths of a second).
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn best(mut turn: impl FnMut() -> Duration) -> Duration {
    (0..TURNS).map(|_| turn()).min().unwrap()
}

fn main() {
    let hosts = std::env::var("OPSDECK_BENCH_HOSTS").ok().and_then(|n| n.parse().ok()).unwrap_or(400);
    let bench = Bench::start(hosts);
    control::adopt();
    let (mut cold, mut plain) = (Duration::MAX, Duration::MAX);
    for turn in 1..=TURNS {
        bench.cool();
        let (ours, theirs) = (bench.sh(PROGRAM), bench.xargs());
        println!("cold, turn {turn}: opsdeck sh {ours:?}, ssh from xargs -P 50 {theirs:?}");
        (cold, plain) = (cold.min(ours), plain.min(theirs));
    }
    for script in ["true", PROGRAM] {
        let (cpu, took) = bench.bare(script);
        println!("warm, no run around it: {script} takes {took:.0} µs a host, {cpu:.0} µs of our CPU");
    }
    // Ways to the hosts are compared by what costs nothing there; a program is what people run.
    let [bare, program] = ["true", PROGRAM].map(|script| {
        let before = control::cpu();
        let warm = best(|| bench.sh(script));
        let between = control::cpu();
        let ansible = bench.ansible(script);
        let (ours, theirs) = ((between - before) / TURNS as u32, control::cpu() - between);
        let plain = best(|| bench.multiplexed(script));
        println!("warm: ssh -- {script} from xargs -P 50 on the same masters {plain:?}");
        println!("warm: CPU without the hosts': opsdeck sh and masters {ours:?}, ansible {theirs:?}: {:.0} times", theirs.as_secs_f64() / ours.as_secs_f64());
        let gain = ansible.as_secs_f64() / warm.as_secs_f64();
        println!(
            "warm: opsdeck sh -- {script} on {hosts} hosts {warm:?}, ansible -m shell -f 50 on the same masters {ansible:?}: \
             {gain:.0} times (at least 100)"
        );
        (gain, ansible)
    });
    bench.cool();
    let ansible_cold = bench.ansible(PROGRAM);
    println!(
        "cold: ansible -m shell -f 50 {ansible_cold:?}; warm masters save it {:?}",
        ansible_cold.saturating_sub(program.1)
    );
    let ratio = cold.as_secs_f64() / plain.as_secs_f64();
    println!("cold: best {cold:?} against {plain:?}: {ratio:.2} times (at most 1.1)");
    assert!(bare.0 >= 100.0 && ratio <= 1.1);
}
