//! The demo's load balancer: a real HAProxy in front of its web services, run as whoever runs opsdeck, on loopback. All
//! that it needs lies in a folder of the demo. It carries the demo's mark, and ends as everything does that carries it.

use super::{Host, MARK};
use crate::release::traffic::{Runtime, servers};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A service that is reached through the balancer.
pub struct Front {
    /// Its name in HAProxy.
    pub name: &'static str,
    environment: &'static str,
    /// Each backend with the group of its hosts. Of two, a map names the one that has the traffic; at first the first.
    backends: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const FRONTS: [Front; 3] = [
    Front { name: "shop_production", environment: "production", backends: &[("shop_production", "web")] },
    Front { name: "shop_staging", environment: "staging", backends: &[("shop_staging", "web")] },
    Front {
        name: "checkout",
        environment: "production",
        backends: &[("checkout_blue", "blue"), ("checkout_green", "green")],
    },
];

/// What it is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Balancer {
    program: PathBuf,
    folder: PathBuf,
    /// A port for each of [`FRONTS`].
    ports: Vec<u16>,
}

impl Balancer {
    /// Writes configuration and map into `folder`.
    pub fn prepare(program: PathBuf, folder: PathBuf, ports: &[u16], hosts: &[Host]) -> Result<Self> {
        let write = || {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("active.map"), "# which backend has the traffic\ncheckout checkout_blue\n")?;
            std::fs::write(folder.join("haproxy.cfg"), config(&folder, ports, hosts))
        };
        write().with_context(|| format!("cannot write into {}", folder.display()))?;
        Ok(Self { program, folder, ports: ports.to_vec() })
    }

    /// Address of each of [`FRONTS`] by its name.
    pub fn addresses(&self) -> impl Iterator<Item = (&'static str, String)> {
        std::iter::zip(&FRONTS, &self.ports).map(|(front, port)| (front.name, format!("http://127.0.0.1:{port}")))
    }

    /// Starts it for the demo of this folder, and waits until it takes connections.
    pub fn start(&self, demo: &Path) -> Result<()> {
        let log = std::fs::File::create(self.folder.join("haproxy.log"))?;
        // a master and its worker: `kill -USR2` reloads it, as systemd does
        let mut master = Command::new(&self.program)
            .args(["-W", "-f"]) // not -q: that a server is down, and why, is in its log
            .arg(self.folder.join("haproxy.cfg"))
            .env(MARK, demo)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} did not start", self.program.display()))?;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.ports.iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok()) {
            if let Some(status) = master.try_wait()? {
                bail!("HAProxy ended at once ({status}): {}", self.last_words());
            }
            if Instant::now() > deadline {
                end(master);
                bail!("HAProxy does not answer after 10 s: {}", self.last_words());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Waits until it has found all its servers well: before, it answers 503 in their place.
    pub fn wait_for_servers(&self) -> Result<()> {
        let socket = self.folder.join("admin.sock").display().to_string();
        let runtime = Runtime::open(&socket, None).map_err(anyhow::Error::msg)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let all = runtime.ask("show stat").and_then(|table| servers(&table)).map_err(anyhow::Error::msg)?;
            // `UP 1/3` is on its way down
            let Some(down) = all.iter().find(|server| server.status != "UP") else { return Ok(()) };
            if Instant::now() > deadline {
                bail!("HAProxy finds {} {} after 20 s: {}", down.name, down.status, self.last_words());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("haproxy.log")).unwrap_or_default();
        log.lines().find(|line| line.contains("[ALERT]")).or(log.lines().last()).unwrap_or_default().to_owned()
    }
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// The configuration. Checks are frequent: a host that is put back shall be found well at once. They are patient too: a
/// service that answers late, on a busy machine, is no dead one.
fn config(folder: &Path, ports: &[u16], hosts: &[Host]) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text = format!(
        "# The demo's HAProxy. Its runtime API: echo 'show stat' | socat - admin.sock\nglobal\n  stats socket {} mode 600 \
         level admin expose-fd listeners\n  maxconn 1000\n  hard-stop-after 5s\n\ndefaults\n  mode http\n  timeout connect \
         2s\n  timeout check 3s\n  timeout client 30s\n  timeout server 30s\n  option httpchk GET /health\n  default-server check inter 500ms \
         fall 3 rise 1\n",
        at("admin.sock")
    );
    for (front, port) in FRONTS.iter().zip(ports) {
        let choice = match front.backends {
            [(only, _)] => format!("default_backend {only}"),
            several => format!("use_backend %[str({}),map({},{})]", front.name, at("active.map"), several[0].0),
        };
        let _ = writeln!(text, "\nfrontend {}\n  bind 127.0.0.1:{port}\n  {choice}", front.name);
        for (backend, group) in front.backends {
            let _ = writeln!(text, "\nbackend {backend}\n  balance roundrobin");
            for host in hosts.iter().filter(|h| h.environment == front.environment && h.group == *group) {
                let _ = writeln!(text, "  server {} 127.0.0.1:{}", host.name, host.http_port);
            }
        }
    }
    text
}
