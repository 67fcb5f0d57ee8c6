//! The command that stands beside a raw answer: what was asked, as a line that a shell in the project's folder does again.
//! Values of headers are left out: what is stored holds no secret.

use crate::ansible::ask::{Adhoc, Common};
use crate::ansible::{Ask, command, shell};
use crate::health::probe::Probe;
use crate::health::probe::survey::Place;
use crate::health::probe::target::Target as Vars;
use crate::health::sample;
use crate::ssh::Target;

/// Prints [`sample::SCRIPT`]; nothing but that would be seen if it stood beside every answer.
const SCRIPT: &str = "opsdeck health --script";

/// A script on a host that SSH reaches.
pub fn over_ssh(target: &Target, script: &str) -> String {
    match script {
        sample::SCRIPT => format!("{SCRIPT} | {}", shell(&target.pasted(None))),
        // What login shells read each in its own way goes past them.
        odd if odd.contains(['\\', '!', '\n']) => {
            format!("printf %s {} | {}", shell(&[odd.to_owned()]), shell(&target.pasted(None)))
        }
        _ => shell(&target.pasted(Some(script))),
    }
}

/// A script on a host that only Ansible reaches, and why that is.
pub fn through_ansible(place: &Place, host: &str, script: &str, why: &str) -> String {
    let sampled = script == sample::SCRIPT;
    // As JSON nothing in it means anything to Ansible's own parser.
    let args = serde_json::json!({ "cmd": script }).to_string();
    let argv = command::shown(
        &Ask::Adhoc(Adhoc {
            pattern: host.to_owned(),
            module: "ansible.builtin.shell".into(),
            args: (!sampled).then_some(args),
            common: Common { inventory: place.inventory.clone(), ..Common::default() },
        }),
        &[],
    );
    let script = if sampled { format!(" -a \"$({SCRIPT})\"") } else { String::new() };
    format!("{}{script} # {}", shell(&argv), why.replace('\n', " "))
}

/// What is asked from here, with the variables of a host where it is asked of one. Programs that everybody has stand for
/// what is done without a process.
pub fn from_here(probe: &Probe, host: Option<&Vars>) -> String {
    let fill = |text: &str| host.map_or_else(|| text.to_owned(), |host| host.fill(text));
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let argv = match probe {
        Probe::Http { request } => {
            let mut argv = words(&["curl", "-sS", "-i"]);
            if request.method != "GET" && !request.method.is_empty() {
                argv.extend(["-X".to_owned(), request.method.clone()]);
            }
            argv.extend(request.headers.keys().flat_map(|name| ["-H".to_owned(), format!("{name}: ...")]));
            argv.extend(request.body.iter().flat_map(|body| ["--data-raw".to_owned(), fill(body)]));
            argv.push(fill(&request.url));
            argv
        }
        Probe::Tcp { address } => {
            let address = fill(address);
            let (host, port) = address.rsplit_once(':').unwrap_or((&address, ""));
            let open = format!("</dev/tcp/{}/{port}", host.trim_matches(['[', ']']));
            words(&["timeout", "5", "bash", "-c", &open])
        }
        Probe::Command { argv } => argv.iter().map(|word| fill(word)).collect(),
        Probe::Systemd { unit } => words(&["systemctl", "show", &fill(unit)]),
        Probe::Prometheus { url, query, .. } => {
            let url = format!("{}/api/v1/query", fill(url).trim_end_matches('/'));
            words(&["curl", "-sS", "-G", &url, "--data-urlencode", &format!("query={}", fill(query))])
        }
    };
    shell(&argv)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::probe::Http;

    #[test]
    fn what_is_asked_from_here_is_a_command_without_secrets() {
        let host = Vars { name: "web1".into(), vars: [("port".to_owned(), "8080".to_owned())].into() };
        let http = Http {
            method: "POST".into(),
            url: "http://{host}:{port}/a?b=c".into(),
            headers: [("Authorization".to_owned(), "Bearer hunter2".to_owned())].into(),
            body: Some("it's".into()),
            ..Http::default()
        };
        let get = Http { method: "GET".into(), url: "http://x/".into(), ..Http::default() };
        for (probe, line) in [
            (
                Probe::Http { request: http },
                "curl -sS -i -X POST -H 'Authorization: ...' --data-raw \"it's\" 'http://web1:8080/a?b=c'",
            ),
            (Probe::Http { request: get }, "curl -sS -i http://x/"),
            (Probe::Tcp { address: "{host}:22".into() }, "timeout 5 bash -c '</dev/tcp/web1/22'"),
            (Probe::Tcp { address: "[::1]:22".into() }, "timeout 5 bash -c '</dev/tcp/::1/22'"),
            (Probe::Command { argv: vec!["bin/look".into(), "a b".into()] }, "bin/look 'a b'"),
            (
                Probe::Prometheus { url: "http://p:9090/".into(), query: "up{job=\"x\"}".into(), min: None, max: None },
                "curl -sS -G http://p:9090/api/v1/query --data-urlencode 'query=up{job=\"x\"}'",
            ),
        ] {
            assert_eq!(from_here(&probe, Some(&host)), line);
        }
    }
}
