//! What the console's alarm line says of a daemon: that a receiver refuses, that it is gone, and since when.

use super::Lab;
use super::alertmanager::free_port;
use super::daemon::Daemon;
use super::webhook::Chat;
use crate::support::{OPSDECK, Pty};

/// The line below the top line.
fn second(screen: &str) -> &str {
    screen.lines().nth(1).unwrap_or_default()
}

#[test]
fn the_alarm_line_says_what_a_receiver_refuses_and_that_nobody_acts_or_polls() {
    let lab = Lab::start(0);
    let (chat, port) = (Chat::start(), free_port());
    lab.write(
        "opsdeck.yaml",
        &format!(
            "checks: {{web: {{tcp: '127.0.0.1:{port}', interval: 1s, timeout: 1s, fall: 2, rise: 1}}}}\n\
             runbooks: [{{name: restart, module: shell, args: 'true'}}]\n\
             recovery: {{web: {{check: ssh, ladder: [restart], mode: act}}}}\n\
             notify: {{checks: bad, receivers: {{chat: {{webhook: {{url: '{}'}}}}}}}}\n",
            chat.url
        ),
    );
    let mut console = Pty::start(&[OPSDECK], lab.project(), &lab.env(), (150, 30));
    console.wait_for(30, "that nobody is there", |s| {
        second(s).contains("✖ nobody acts on lab") && second(s).contains("✖ nobody polls lab")
    });
    let daemon = Daemon::start(&lab, &[]);
    console.wait_for(60, "what was refused, and nothing else", |s| {
        second(s).contains("▲ 1 notice undelivered to chat since ") && !second(s).contains("nobody")
    });
    chat.takes();
    console.wait_for(60, "a quiet console", |s| second(s).contains("Environments"));
    let last = format!("last serve of {} (pid {})", opsdeck::state::operator::Operator::current().name, daemon.pid());
    daemon.kill();
    console.wait_for(30, "that nobody acts, and who did", |s| {
        second(s).contains("✖ nobody acts on lab since ") && second(s).contains(&last)
    });
    let said = lab.ok(["recovery"]);
    assert!(said.contains("that may not be all") && said.contains("✖ nobody acts on lab since "), "{said}");
    assert!(said.contains(&last) && said.contains("opsdeck serve"), "{said}");
    // Its lease says until when it polls: then nobody does.
    console.wait_for(40, "that nobody polls", |s| second(s).contains("✖ nobody polls lab since "));
    console.send("q");
    assert!(console.wait_exit(10).success());
}
