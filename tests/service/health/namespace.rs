//! A host in a network namespace of its own, whose answers are dropped on their way while its connection is warm: what a dead
//! link or a firewall does, and what no port of loopback can do. Needs root; elsewhere hosts that drop packets are ports
//! of loopback (`hosts`, `poller`).

use super::poller::{OFTEN, Stays, sampled};
use super::{Lab, store};
use crate::support::wait::{wait_true, wait_until};
use opsdeck::cli::demo::{sshd, system};
use opsdeck::health::judge::Status;
use std::io::Write;
use std::process::{Child, Command, Stdio};

/// Its port.
const PORT: u16 = 2222;

/// A namespace with an sshd in it; gone with this.
struct Far {
    name: String,
    net: u8,
    sshd: Option<Child>,
}

fn ip(args: &[&str]) {
    let out = Command::new("ip").args(args).output().unwrap();
    assert!(out.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

impl Far {
    /// Joined to this machine by a pair of interfaces, and in the lab's inventory as `far`.
    fn start(lab: &Lab) -> Far {
        let pid = std::process::id();
        let mut far = Far { name: format!("opsdeck-{pid}"), net: (pid % 250) as u8 + 1, sshd: None };
        let (near, other) = (format!("ops{pid}"), format!("opf{pid}"));
        ip(&["netns", "add", &far.name]);
        ip(&["link", "add", &near, "type", "veth", "peer", "name", &other, "netns", &far.name]);
        ip(&["address", "add", &format!("{}/30", far.address(1)), "dev", &near]);
        ip(&["link", "set", &near, "up"]);
        ip(&["-n", &far.name, "address", "add", &format!("{}/30", far.address(2)), "dev", &other]);
        ip(&["-n", &far.name, "link", "set", &other, "up"]);
        far.serves(lab);
        far
    }

    fn address(&self, host: u8) -> String {
        format!("10.231.{}.{host}", self.net)
    }

    fn serves(&mut self, lab: &Lab) {
        let (dir, address) = (lab.folder().join("far"), self.address(2));
        let known = sshd::prepare(&dir, "far", PORT, &lab.folder().join("key.pub"), &[]).unwrap();
        let config = dir.join("sshd_config");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("ListenAddress 127.0.0.1", &format!("ListenAddress {address}"))).unwrap();
        let mut all = std::fs::File::options().append(true).open(lab.folder().join("known_hosts")).unwrap();
        all.write_all(known.replace("127.0.0.1", &address).as_bytes()).unwrap();
        let hosts = lab.project().join("inventories/lab/hosts.ini");
        let line = format!("[lab]\nfar ansible_host={address} ansible_port={PORT}\n");
        let text = std::fs::read_to_string(&hosts).unwrap().replacen("[lab]\n", &line, 1);
        std::fs::write(&hosts, text).unwrap();
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", &self.name]).arg(system::find("sshd").unwrap()).args(["-D", "-f"]).arg(&config);
        self.sshd = Some(inside.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let listens = || std::net::TcpStream::connect((address.as_str(), PORT)).is_ok();
        wait_true(20, "the far sshd", listens);
    }

    /// From now on whatever it answers goes nowhere; or comes through again.
    fn drops(&self, on: bool) {
        ip(&[
            "-n",
            &self.name,
            "route",
            if on { "add" } else { "del" },
            "blackhole",
            &format!("{}/32", self.address(1)),
        ]);
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        if let Some(mut sshd) = self.sshd.take() {
            let _ = sshd.kill();
            let _ = sshd.wait();
        }
        // Sessions outlive their sshd: what they say goes nowhere, and nobody tells them.
        let inside = Command::new("ip").args(["netns", "pids", &self.name]).output();
        let pids = inside.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
        for pid in pids.split_whitespace().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?)) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        // The pair of interfaces goes with it.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = Command::new("ip")
            .args(["link", "del", &format!("ops{}", std::process::id())])
            .stderr(Stdio::null())
            .status();
    }
}

#[test]
fn a_host_that_is_cut_off_from_a_warm_connection_is_down_and_holds_nobody_up() {
    if !rustix::process::geteuid().is_root()
        || !Command::new("ip").arg("netns").output().is_ok_and(|o| o.status.success())
    {
        eprintln!(
            "no network namespaces here (root and iproute2): hosts that drop packets are tried on loopback alone"
        );
        return;
    }
    let lab = Lab::start(1);
    let far = Far::start(&lab);
    lab.write("opsdeck.yaml", OFTEN);
    let _polls = Stays::start(&lab);
    let store = store(&lab);
    let stands = |host: &str| {
        let reports = store.reports(0).unwrap();
        let report = reports.into_iter().find(|report| report.host.as_deref() == Some(host))?;
        let ssh = report.records.into_iter().find(|record| record.check == "ssh")?;
        Some((ssh.state.status, ssh.state.last?.text))
    };
    let is = |host: &str, status: Status| stands(host).is_some_and(|(seen, _)| seen == status);
    wait_true(60, "both hosts well", || is("h1", Status::Ok) && is("far", Status::Ok));
    far.drops(true);
    let cut = sampled(&store, "h1");
    wait_true(60, "the far host to be down", || is("far", Status::Bad));
    assert!(is("h1", Status::Ok) && sampled(&store, "h1") > cut, "the other is asked all the while");
    let times: Vec<i64> = store.raw(Some("h1"), "sample").unwrap().iter().map(|r| r.at + i64::from(r.took)).collect();
    let latest = times.windows(2).map(|pair| (pair[0] - pair[1]).abs()).max().unwrap();
    assert!(latest <= 6_000, "it was late: {latest} ms between two samples of {times:?}");
    let why = stands("far").unwrap().1;
    assert!(
        ["no answer within", "does not answer within", "timed out"].iter().any(|words| why.contains(words)),
        "{why}"
    );
    far.drops(false);
    wait_until(120, "the far host to be well again", || is("far", Status::Ok).then_some(()));
}
