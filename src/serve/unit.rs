//! The systemd unit of the daemon. What it launches inherits its sandbox and stays in its control group: so it takes nothing
//! away that Ansible or SSH need, and its end leaves everything alone but itself.

use std::path::Path;

/// What a unit is made for.
#[derive(Debug, Clone)]
pub struct Unit<'a> {
    pub user: &'a str,
    pub project: &'a Path,
    /// The program, then its arguments.
    pub argv: &'a [String],
    /// Where programs such as `ansible` are looked for.
    pub path: &'a str,
}

pub fn text(unit: &Unit<'_>) -> String {
    let argv: Vec<String> = unit.argv.iter().map(|word| quoted(&word.replace('$', "$$"))).collect();
    format!(
        "# Printed by `opsdeck serve --unit`. Into /etc/systemd/system/opsdeck.service, then:
#   systemctl daemon-reload && systemctl enable --now opsdeck
# SSH keys must work without an agent and without a terminal.
[Unit]
Description=opsdeck: polls, recovers and tells people when no screen is open
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
User={user}
WorkingDirectory={project}
Environment={path}
ExecStart={argv}
ExecReload=kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
TimeoutStopSec=60
# Only opsdeck serve itself is ended: the runs that it launched have supervisors of their own and go on.
KillMode=process
# When the kernel kills a run for its memory, serve stays.
OOMPolicy=continue
UMask=0077
# Runs inherit this. Nothing that Ansible and SSH need is taken away: homes, /tmp and the network stay as they are. With a
# user that is not root it also means that runs launched by serve cannot become root on this machine.
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
",
        user = escaped(unit.user),
        project = escaped(&unit.project.display().to_string()),
        path = quoted(&format!("PATH={}", unit.path)),
        argv = argv.join(" "),
    )
}

/// `%` begins a specifier.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

fn quoted(word: &str) -> String {
    let word = escaped(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@,%+$".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word,
        false => format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_systemd_would_change_are_quoted() {
        let argv = ["/opt/ops deck".to_owned(), "50%".into(), "$HOME".into(), "a\"b".into()];
        let unit = Unit { user: "ops", project: Path::new("/srv/a b"), argv: &argv, path: "/bin:/usr/bin" };
        let text = text(&unit);
        for line in [
            "ExecStart=\"/opt/ops deck\" 50%% $$HOME \"a\\\"b\"",
            "WorkingDirectory=/srv/a b",
            "Environment=PATH=/bin:/usr/bin",
            "KillMode=process",
            "Restart=on-failure",
            "User=ops",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in\n{text}");
        }
    }
}
