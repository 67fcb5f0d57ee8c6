//! The fleet that benches are about: 10,000 hosts in 100 groups and ten regions, with variables at every level.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Groups that hold hosts.
pub const GROUPS: usize = 100;
/// Hosts in all of them.
pub const HOSTS: usize = 10_000;
const EACH: usize = HOSTS / GROUPS;

/// Writes `hosts.ini` into `dir`: inline variables on each host, a variable file for each group, and for one host in a
/// hundred.
pub fn generate(dir: &Path) {
    let mut text = String::new();
    for group in 0..GROUPS {
        writeln!(text, "[group{group:03}]").unwrap();
        for n in group * EACH..(group + 1) * EACH {
            writeln!(
                text,
                "host{n:05}.example.com ansible_host=10.{}.{}.{} rack=r{group} id={n}",
                n >> 16,
                (n >> 8) & 255,
                n & 255
            )
            .unwrap();
        }
    }
    for region in 0..10 {
        writeln!(text, "[region{region}:children]").unwrap();
        (0..10).for_each(|n| writeln!(text, "group{:03}", region * 10 + n).unwrap());
        writeln!(text, "[region{region}:vars]\nregion=r{region}\nntp=ntp{region}.example.com").unwrap();
    }
    fs::write(dir.join("hosts.ini"), text).unwrap();
    let (groups, hosts) = (dir.join("group_vars"), dir.join("host_vars"));
    fs::create_dir_all(&groups).unwrap();
    fs::create_dir_all(&hosts).unwrap();
    fs::write(
        groups.join("all.yml"),
        "dns: [10.0.0.1, 10.0.0.2]\nusers:\n  - {name: ops, shell: /bin/bash}\ntimeout: 30\n",
    )
    .unwrap();
    for group in 0..GROUPS {
        let text = format!(
            "app: app{group}\nport: {}\nflags: {{a: yes, b: no}}\npackages:\n  - nginx\n  - curl\n",
            8000 + group
        );
        fs::write(groups.join(format!("group{group:03}.yml")), text).unwrap();
        let host = format!("host{:05}.example.com.yml", group * EACH);
        fs::write(hosts.join(host), format!("primary: true\nweight: {group}\n")).unwrap();
    }
}
