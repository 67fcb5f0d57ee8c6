//! Writes the demo's Ansible project: the files under `files/`, the inventories with the ports of this time.

use super::Host;
use super::balancer::Balancer;
use anyhow::{Context, Result};
use jiff::ToSpan;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Environment, group and name of every host: ten in production, three in staging.
pub const HOSTS: [(&str, &str, &str); 13] = [
    ("production", "lb", "lb01"),
    ("production", "web", "web01.eu"),
    ("production", "web", "web02.eu"),
    ("production", "web", "web03.us"),
    ("production", "db", "db01.eu"),
    ("production", "db", "db02.us"),
    ("production", "blue", "blue01"),
    ("production", "blue", "blue02"),
    ("production", "green", "green01"),
    ("production", "green", "green02"),
    ("staging", "web", "stage-web01"),
    ("staging", "web", "stage-web02"),
    ("staging", "db", "stage-db01"),
];

const FILES: &[(&str, &str)] = &[
    ("ansible.cfg", include_str!("files/ansible.cfg")),
    ("opsdeck.yaml", include_str!("files/opsdeck.yaml")),
    ("deploy.yml", include_str!("files/deploy.yml")),
    ("release.yml", include_str!("files/release.yml")),
    ("recover.yml", include_str!("files/recover.yml")),
    ("roles/base/tasks/main.yml", include_str!("files/roles/base/tasks/main.yml")),
    ("roles/service/defaults/main.yml", include_str!("files/roles/service/defaults/main.yml")),
    ("roles/service/tasks/main.yml", include_str!("files/roles/service/tasks/main.yml")),
    ("roles/service/handlers/main.yml", include_str!("files/roles/service/handlers/main.yml")),
    ("roles/service/templates/service.json.j2", include_str!("files/roles/service/templates/service.json.j2")),
    ("roles/service/files/service.py", SERVICE),
    ("roles/service/files/servicectl", SERVICECTL),
    ("inventories/production/group_vars/all.yml", ALL),
    ("inventories/production/group_vars/lb.yml", include_str!("files/inventories/production/group_vars/lb.yml")),
    ("inventories/production/group_vars/web.yml", include_str!("files/inventories/production/group_vars/web.yml")),
    ("inventories/production/group_vars/db.yml", include_str!("files/inventories/production/group_vars/db.yml")),
    (
        "inventories/production/group_vars/checkout.yml",
        include_str!("files/inventories/production/group_vars/checkout.yml"),
    ),
    (
        "inventories/production/host_vars/web01.eu.yml",
        include_str!("files/inventories/production/host_vars/web01.eu.yml"),
    ),
    ("inventories/staging/group_vars/all.yml", ALL),
    ("inventories/staging/group_vars/web.yml", include_str!("files/inventories/staging/group_vars/web.yml")),
    ("inventories/staging/group_vars/db.yml", include_str!("files/inventories/staging/group_vars/db.yml")),
];
const ALL: &str = include_str!("files/inventories/group_vars_all.yml");
const SERVICE: &str = include_str!("files/roles/service/files/service.py");
const SERVICECTL: &str = include_str!("files/roles/service/files/servicectl");

/// The folder of one host's service.
pub fn home(root: &Path, host: &str) -> PathBuf {
    root.join(".demo/hosts").join(host)
}

/// Writes the whole project into `root`, and each host's service at the version before the release. `tty`: the hosts can
/// give a session a terminal, as Ansible asks by default.
pub fn write(root: &Path, hosts: &[Host], tty: bool, balancer: Option<&Balancer>) -> Result<()> {
    let fill = Fill::new(root, balancer)?;
    for (path, text) in FILES {
        put(&root.join(path), &fill.text(text))?;
    }
    for environment in ["production", "staging"] {
        put(&root.join("inventories").join(environment).join("hosts.ini"), &inventory(environment, hosts, tty))?;
    }
    for host in hosts {
        let home = home(root, host.name);
        fs::create_dir_all(home.join("pool"))?;
        put(&home.join("service.py"), SERVICE)?;
        put(&home.join("servicectl"), SERVICECTL)?;
        let service = match host.group {
            "web" => "shop",
            "db" => "ledger",
            "lb" => "gate",
            _ => "checkout",
        };
        let config = format!(
            "{{\n  \"name\": \"{service}\",\n  \"host\": \"{}\",\n  \"port\": {},\n  \"version\": \"4.12.0\"\n}}\n",
            host.name, host.http_port
        );
        put(&home.join("service.json"), &config)?;
    }
    Ok(())
}

/// The INI inventory of an environment.
fn inventory(environment: &str, hosts: &[Host], tty: bool) -> String {
    let mut text = format!("# {environment}: each host is a process of this demo, on loopback.\n");
    let mut group = "";
    for host in hosts.iter().filter(|h| h.environment == environment) {
        if host.group != group {
            group = host.group;
            let _ = writeln!(text, "\n[{group}]");
        }
        let _ = match host.ssh_port {
            Some(port) => writeln!(text, "{} ansible_port={port} http_port={}", host.name, host.http_port),
            None => writeln!(text, "{} ansible_connection=local http_port={}", host.name, host.http_port),
        };
    }
    if environment == "production" {
        text.push_str("\n[eu]\nweb01.eu\nweb02.eu\ndb01.eu\n\n[us]\nweb03.us\ndb02.us\n");
        text.push_str("\n[regions:children]\neu\nus\n\n[checkout:children]\nblue\ngreen\n");
    }
    // found once here instead of by Ansible on every host and run
    let python = ["/usr/bin/python3", "/usr/local/bin/python3"].iter().find(|p| Path::new(p).exists());
    if python.is_some() || !tty {
        text.push_str("\n[all:vars]\n");
    }
    if let Some(python) = python {
        let _ = writeln!(text, "ansible_python_interpreter={python}");
    }
    if !tty {
        text.push_str("ansible_ssh_use_tty=False\n");
    }
    text
}

/// What is filled into the files: `@NAME@`. Parts between `#<haproxy>` and `#</haproxy>` stand only where there is one.
struct Fill {
    values: Vec<(String, String)>,
    balanced: bool,
}

impl Fill {
    fn new(root: &Path, balancer: Option<&Balancer>) -> Result<Self> {
        // far enough away that it never holds while somebody tries the demo
        let freeze = jiff::Zoned::now().date().checked_add(30.days())?;
        let mut values = vec![
            ("@FOLDER@".to_owned(), root.to_string_lossy().into_owned()),
            ("@FREEZE_FROM@".to_owned(), freeze.to_string()),
            ("@FREEZE_TO@".to_owned(), freeze.checked_add(6.days())?.to_string()),
        ];
        let addresses = balancer.into_iter().flat_map(Balancer::addresses);
        values.extend(addresses.map(|(name, address)| (format!("@{}@", name.to_uppercase()), address)));
        Ok(Self { values, balanced: balancer.is_some() })
    }

    fn text(&self, text: &str) -> String {
        let (mut out, mut within) = (String::new(), false);
        for line in text.lines() {
            match line {
                "#<haproxy>" => within = true,
                "#</haproxy>" => within = false,
                _ if within && !self.balanced => {}
                _ => out.extend([line, "\n"]),
            }
        }
        self.values.iter().fold(out, |text, (name, value)| text.replace(name, value))
    }
}

/// Writes a file with the folders above it; scripts (text that begins with `#!`) become executable.
fn put(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
        let mode = if text.starts_with("#!") { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
