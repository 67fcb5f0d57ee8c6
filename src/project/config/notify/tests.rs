//! Receivers as people write them, what is said of mistakes, and the schema beside the reader.

use super::*;
use crate::project::config::{Context, read as read_file};
use std::path::Path;

fn parse(text: &str) -> (Notify, Vec<String>) {
    let discovered = ["production".to_owned()];
    let (config, problems) =
        read_file(text, "opsdeck.yaml", &Context { root: Path::new("/"), discovered: &discovered });
    (config.unwrap().notify, problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_way_of_telling_is_read() {
    let (notify, problems) = parse(
        "notify:
  checks: bad
  default: [oncall]
  receivers:
    oncall: {alertmanager: http://127.0.0.1:9093}
    chat:
      webhook: {url: 'https://chat.example/x?y', headers_file: secrets/chat}
      kinds: [page, recovery]
      severity: critical
      environments: production
    pager: {command: [page, --now]}
    here: {screen: yes}
    slack: {webhook: {url_file: secrets/slack}}
",
    );
    assert_eq!(problems, Vec::<String>::new());
    assert!(notify.checks && notify.default == ["oncall"]);
    let names: Vec<&str> = notify.receivers.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["oncall", "chat", "pager", "here", "slack"]);
    let chat = &notify.receivers[1];
    let headers_file = Some("secrets/chat".into());
    assert_eq!(
        chat.via,
        Via::Webhook(Target { address: Address::Url("https://chat.example/x?y".into()), headers_file })
    );
    assert!(chat.wants(Kind::Page, Severity::Critical, Some("production")));
    assert!(!chat.wants(Kind::Page, Severity::Warning, Some("production")));
    assert!(!chat.wants(Kind::Check, Severity::Critical, Some("production")));
    assert!(!chat.wants(Kind::Page, Severity::Critical, Some("staging")));
    assert_eq!(notify.receivers[2].via, Via::Command(vec!["page".into(), "--now".into()]));
    assert_eq!(notify.receivers[3].via, Via::Screen);
    let slack = Target { address: Address::File("secrets/slack".into()), headers_file: None };
    assert_eq!(notify.receivers[4].via, Via::Webhook(slack));
}

#[test]
fn a_mistake_has_its_place_and_a_half_read_receiver_is_none() {
    for (text, words) in [
        ("  receivers: {a: {severity: info}}", "is told in no way"),
        ("  receivers: {a: {screen: yes, command: x}}", "is told in two ways"),
        ("  receivers: {a: {webhook: {headers_file: x}}}", "has no address"),
        ("  receivers: {a: {webhook: {url: 'http://x', url_file: x}}}", "has two addresses"),
        ("  receivers: {a: {webhook: 'ftp://x'}}", "this is no address"),
        ("  receivers: {a: {webhook: 'http://ann:secret@x/'}}", "a login stands in this address"),
        ("  receivers: {a: {webhook: 'http://x', kinds: pages}}", "did you mean \"page\"?"),
        ("  receivers: {a: {webhook: 'http://x', severity: high}}", "no such severity"),
        ("  receivers: {a: {webhook: 'http://x', environments: prod}}", "no such environment"),
        ("  receivers: {a: {webhok: 'http://x'}}", "did you mean \"webhook\"?"),
        ("  receivers: {a: {command: ['{{ x }}']}}", "nothing is filled in here"),
        ("  receivers: {a: {screen: no}}", "this tells nobody"),
        ("  default: a", "there is no receiver"),
        ("  checks: warn", "bad or off"),
        ("  checks: bad", "nobody is told of checks"),
    ] {
        let (notify, problems) = parse(&format!("notify:\n{text}\n"));
        assert!(notify.receivers.is_empty(), "{text}");
        let found = problems.iter().find(|p| p.contains(words));
        assert!(found.is_some_and(|p| p.contains("opsdeck.yaml:2:")), "{text}: {problems:?}");
        assert!(problems.iter().all(|p| !p.contains("secret")), "{problems:?}");
    }
    let (_, problems) = parse("notify:\n  receivers: {a: {screen: yes}}\n  default: b\n");
    assert!(problems[0].contains("no such receiver") && problems[0].contains("opsdeck.yaml:3:"), "{problems:?}");
}

#[test]
fn a_policy_calls_receivers_that_there_are() {
    let file = |receiver: &str| {
        format!(
            "checks: {{web: {{tcp: '{{host}}:80'}}}}\nrunbooks: [{{name: r, module: ping}}]\n\
             notify: {{receivers: {{ann: {{screen: yes}}}}}}\n\
             recovery:\n  web: {{check: web, ladder: [r], receivers: {receiver}}}\n"
        )
    };
    assert_eq!(parse(&file("ann")).1, Vec::<String>::new());
    let problems = parse(&file("anna")).1;
    assert!(problems[0].contains("did you mean \"ann\"?") && problems[0].contains("opsdeck.yaml:5:"), "{problems:?}");
}
