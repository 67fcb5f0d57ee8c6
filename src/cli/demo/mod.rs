//! `opsdeck demo`: a small realistic Ansible project with hosts of its own, and the console on it. One folder holds all of
//! it; leaving ends what it started and removes the folder, also after a panic or a kill (see `keeper`).

mod ansible;
mod balancer;
mod keeper;
pub mod marked;
mod progress;
mod project;
pub mod sshd;
pub mod system;
mod tree;

use super::print::said;
use anyhow::{Context, Result, bail};
use balancer::Balancer;
use keeper::{Keeper, Order};
use progress::Progress;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The mark in the environment of everything that belongs to a demo; its value is the demo's folder.
pub const MARK: &str = "OPSDECK_DEMO";

/// The demo's state directory, below its folder.
const STATE: &str = ".demo/state";

/// Try opsdeck on a small Ansible project with private sshd hosts on loopback
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Leave the demo's folder there on exit
    #[arg(long)]
    keep: bool,
    /// Do not open the console: print the project's folder and wait for Ctrl-C
    #[arg(long)]
    no_tui: bool,
    /// (internal) be the keeper of a demo
    #[arg(long, hide = true)]
    keeper: bool,
}

/// Runs the verb. Returns only with `--no-tui`; else the process becomes the console.
pub fn run(args: &Args) -> Result<()> {
    if args.keeper {
        return keeper::main();
    }
    let path = path_with_ansible()?;
    let folder = make_folder()?;
    let mut keeper = Keeper::hire(&folder, args.keep)?;
    let mut bar = Progress::new(7);
    match prepare(&folder, &mut keeper, &mut bar) {
        Ok(lacks) => {
            bar.finish("ready");
            lacks.iter().for_each(|lack| eprintln!("{lack}"));
        }
        Err(e) => {
            bar.abandon();
            keeper.dismiss()?;
            return Err(e);
        }
    }
    keeper.no_more();
    let console = |command: &mut Command| {
        command.arg("-C").arg(&folder).arg("--state-dir").arg(folder.join(STATE));
        command.env("PATH", &path).env(MARK, &folder).env_remove("ANSIBLE_CONFIG").env_remove("OPSDECK_STATE");
    };
    if args.no_tui {
        // listens before it says that it is there
        let end = Signals::listen()?;
        said(&folder.display().to_string());
        eprintln!(
            "In another shell:\n  cd {0}\n  export OPSDECK_STATE={0}/{STATE}\n  opsdeck\nCtrl-C here ends the demo.",
            folder.display()
        );
        end.wait();
        keeper.dismiss()?;
        eprintln!("The demo's hosts are stopped; its folder is {}.", if args.keep { "kept" } else { "removed" });
        return Ok(());
    }
    let mut command = Command::new(std::env::current_exe().context("cannot find my own program")?);
    console(&mut command);
    // exec keeps the process id, which is what the keeper watches
    let error = command.exec();
    keeper.dismiss()?;
    Err(error).context("cannot open the console")
}

/// PATH for everything in the demo: as it is, or with a private Ansible in front.
fn path_with_ansible() -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if ansible::on_path() {
        return Ok(path);
    }
    let bin = ansible::install(&ansible::private()?)?;
    Ok(std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)))?)
}

/// A new private folder with a short name: Ansible puts sockets below it, whose paths are limited to 107 bytes.
fn make_folder() -> Result<PathBuf> {
    let parent = Some(std::env::temp_dir()).filter(|p| p.as_os_str().len() <= 30).unwrap_or_else(|| "/tmp".into());
    let id = uuid::Uuid::now_v7().simple().to_string();
    let folder = parent.join(format!("opsdeck-demo-{}", &id[id.len() - 8..]));
    let make = || crate::state::file::private_dir(&folder).and_then(|()| std::fs::canonicalize(&folder));
    make().with_context(|| format!("cannot make {}", folder.display()))
}

/// Everything up to the console: keys, servers, project, services. Gives what the demo goes without, and why.
fn prepare(folder: &Path, keeper: &mut Keeper, bar: &mut Progress) -> Result<Vec<String>> {
    let ports = system::free_ports(project::HOSTS.len() * 2 + balancer::FRONTS.len())?;
    let (own, fronts) = ports.split_at(project::HOSTS.len() * 2);
    let mut hosts: Vec<Host> = std::iter::zip(project::HOSTS, own.chunks(2))
        .map(|((environment, group, name), ports)| Host {
            environment,
            group,
            name,
            ssh_port: Some(ports[0]),
            http_port: ports[1],
        })
        .collect();
    let hidden = folder.join(".demo");
    std::fs::create_dir_all(folder.join(STATE))?;
    let mut lacks = Vec::new();
    if let Err(why) = start_sshd(folder, &hosts, keeper, bar)? {
        lacks.push(format!("{why}: the hosts are local connections."));
        hosts.iter_mut().for_each(|h| h.ssh_port = None);
    }
    // an ordinary user's sshd cannot hand out a terminal everywhere: that depends on how /dev/pts is mounted
    let tty = hosts[0].ssh_port.is_none_or(|port| try_login(&hidden, port, "-tt").is_ok());
    bar.step("starting HAProxy");
    let balancer = start_balancer(&hidden, fronts, &hosts, keeper)?;
    let balancer = balancer.map_err(|why| {
        lacks.push(format!("{why}: releases move no traffic here, and the one with two pools is left out."));
    });
    bar.step("writing the project");
    project::write(folder, &hosts, tty, balancer.as_ref().ok())?;
    bar.step("starting the services");
    start_services(folder, &hosts)?;
    if let Ok(balancer) = &balancer {
        bar.step("waiting until HAProxy finds them well");
        balancer.wait_for_servers()?;
    }
    Ok(lacks)
}

/// Real ssh to every host; the inner error is why there is none.
fn start_sshd(folder: &Path, hosts: &[Host], keeper: &mut Keeper, bar: &mut Progress) -> Result<Result<(), String>> {
    let Some(program) = system::find("sshd") else {
        return Ok(Err("There is no sshd here (Debian: apt-get install openssh-server)".into()));
    };
    let hidden = folder.join(".demo");
    bar.step("making keys");
    let key = hidden.join("client_key");
    sshd::keygen(&key, "opsdeck demo")?;
    let (mut known, mut servers) = (String::new(), Vec::new());
    for host in hosts {
        let (Some(port), dir) = (host.ssh_port, hidden.join("sshd").join(host.name)) else { continue };
        let mark = folder.to_string_lossy();
        // What a killed module leaves behind goes with the demo's folder.
        let env = [(MARK, &*mark), ("TMPDIR", &*hidden.to_string_lossy())];
        known += &sshd::prepare(&dir, host.name, port, &key.with_extension("pub"), &env)?;
        servers.push((dir, port));
    }
    std::fs::write(hidden.join("known_hosts"), known)?;
    bar.step("starting private sshd servers");
    let first = servers[0].1;
    let started = keeper.start(&Order::Sshd { program, servers })?.and_then(|()| try_login(&hidden, first, "-T"));
    Ok(started.map_err(|why| format!("The private sshd servers cannot be used ({why})")))
}

/// The load balancer; the inner error is why there is none.
fn start_balancer(
    hidden: &Path,
    ports: &[u16],
    hosts: &[Host],
    keeper: &mut Keeper,
) -> Result<Result<Balancer, String>> {
    let Some(program) = system::find("haproxy") else {
        return Ok(Err("There is no haproxy here (Debian: apt-get install haproxy)".into()));
    };
    let balancer = Balancer::prepare(program, hidden.join("haproxy"), ports, hosts)?;
    let started = keeper.start(&Order::Balancer(balancer.clone()))?;
    Ok(started.map(|()| balancer).map_err(|why| format!("HAProxy cannot be used ({why})")))
}

/// Logs in once, as Ansible will, with (`-tt`) or without (`-T`) a terminal; the reason where that fails.
fn try_login(hidden: &Path, port: u16, terminal: &str) -> Result<(), String> {
    let known = format!("UserKnownHostsFile=\"{}\"", hidden.join("known_hosts").display());
    let out = Command::new("ssh")
        .args([terminal, "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", &known, "-i"])
        .arg(hidden.join("client_key"))
        .args(["-p", &port.to_string(), "127.0.0.1", "true"])
        .stdin(Stdio::null())
        .output();
    match out {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
        Err(e) => Err(format!("ssh did not start: {e}")),
    }
}

fn start_services(folder: &Path, hosts: &[Host]) -> Result<()> {
    let start = |host: &Host| {
        let mut command = Command::new(project::home(folder, host.name).join("servicectl"));
        command.arg("start").env(MARK, folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
    };
    let started: Vec<Child> = hosts.iter().map(start).collect::<Result<_, _>>().context("cannot start a service")?;
    for (child, host) in started.into_iter().zip(hosts) {
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("the service of {} did not start: {}", host.name, String::from_utf8_lossy(&out.stderr).trim());
        }
    }
    Ok(())
}

/// Ctrl-C, SIGTERM and SIGHUP, from now on.
struct Signals {
    runtime: tokio::runtime::Runtime,
    signals: [Signal; 3],
}

impl Signals {
    fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let listen = || Ok::<_, std::io::Error>([signal(kinds[0])?, signal(kinds[1])?, signal(kinds[2])?]);
        let signals = runtime.block_on(async { listen() })?;
        Ok(Self { runtime, signals })
    }

    fn wait(self) {
        let [mut int, mut term, mut hup] = self.signals;
        self.runtime.block_on(async {
            tokio::select! { _ = int.recv() => {}, _ = term.recv() => {}, _ = hup.recv() => {} }
        });
    }
}

/// One demo host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Environment: `production` or `staging`.
    pub environment: &'static str,
    /// Group that names its service.
    pub group: &'static str,
    /// Name in the inventory.
    pub name: &'static str,
    /// Port of its sshd; `None` where it is reached by a local connection.
    pub ssh_port: Option<u16>,
    /// Port of its service.
    pub http_port: u16,
}
