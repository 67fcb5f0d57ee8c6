//! Runs for the tests of views: a deploy on eight hosts in each of the states that a person can meet.

use crate::run::event::{Failure, Tally};
use crate::run::state::{Cell, CellStatus, Counts, HostState, PlayState, RunState, State, StepState, TaskState};

/// The moment of all of them (Unix milliseconds).
pub const NOW: i64 = 1_795_442_527_000;

/// Sets a cell and the counts that follow from it.
pub fn set(run: &mut RunState, task: usize, host: usize, status: CellStatus) {
    let t = &mut run.tasks[task];
    t.set_cell(host, Cell { status, ..Cell::default() });
    let tally = &mut run.hosts[host].tally;
    let c = &mut t.counts;
    match status {
        CellStatus::Running => {
            c.running += 1;
            run.hosts[host].running = Some(u32::try_from(task).expect("small"));
        }
        CellStatus::Ok => (c.ok, tally.ok) = (c.ok + 1, tally.ok + 1),
        CellStatus::Changed => (c.changed, tally.changed, tally.ok) = (c.changed + 1, tally.changed + 1, tally.ok + 1),
        CellStatus::Failed => (c.failed, tally.failed) = (c.failed + 1, tally.failed + 1),
        CellStatus::Ignored => (c.ignored, tally.ignored) = (c.ignored + 1, tally.ignored + 1),
        CellStatus::Unreachable => (c.unreachable, tally.unreachable) = (c.unreachable + 1, tally.unreachable + 1),
        CellStatus::Skipped => (c.skipped, tally.skipped) = (c.skipped + 1, tally.skipped + 1),
        CellStatus::None | CellStatus::Unknown => {}
    }
}

fn begun(state: State, hosts: impl IntoIterator<Item = String>) -> RunState {
    let mut run = RunState {
        state,
        seq: 400,
        steps: [(1, StepState::default())].into(),
        updated_at: NOW - 1_000,
        core: Some("2.19.14".into()),
        ..RunState::default()
    };
    run.history =
        vec![(State::Requested, NOW - 75_000), (State::Starting, NOW - 74_600), (State::Running, NOW - 72_000)];
    run.hosts = hosts.into_iter().map(|h| (h, HostState::default())).collect();
    run.plan = vec![("Deploy the web tier".into(), 5)];
    let n = u32::try_from(run.hosts.len()).expect("small");
    run.plays = vec![PlayState {
        name: "Deploy the web tier".into(),
        hosts: n,
        of: None,
        first_task: 0,
        started_at: NOW - 71_000,
    }];
    run
}

fn task(run: &mut RunState, name: &str, started: i64, ended: Option<i64>) -> usize {
    let mut t = TaskState::default();
    (t.name, t.action, t.path) = (name.into(), "ansible.builtin.command".into(), Some("deploy.yml:12".into()));
    (t.started_at, t.ended_at) = (started, ended);
    run.tasks.push(t);
    run.tasks.len() - 1
}

fn web() -> Vec<String> {
    (1..=8).map(|n| format!("web{n:02}.eu")).collect()
}

/// In the middle of its third of five tasks.
pub fn running() -> RunState {
    let mut run = begun(State::Running, web());
    for (name, from, to) in [("Drain from haproxy", 71, 67), ("Install package web=4.12.1", 67, 26)] {
        let t = task(&mut run, name, NOW - from * 1000, Some(NOW - to * 1000));
        (0..8).for_each(|h| set(&mut run, t, h, CellStatus::Changed));
    }
    let t = task(&mut run, "Restart and wait for health", NOW - 26_000, Some(NOW - 4_000));
    (0..5).for_each(|h| set(&mut run, t, h, CellStatus::Changed));
    (5..8).for_each(|h| set(&mut run, t, h, CellStatus::Running));
    run
}

fn end(run: &mut RunState, state: State, why: &str, rc: Option<i32>) {
    (run.state, run.why, run.rc, run.recap) = (state, Some(why.into()), rc, true);
    run.history.push((state, run.updated_at));
}

/// All five tasks went well.
pub fn succeeded() -> RunState {
    let mut run = begun(State::Running, web());
    for (i, name) in [
        "Drain from haproxy",
        "Install package web=4.12.1",
        "Restart and wait for health",
        "Enable in haproxy",
        "Smoke test",
    ]
    .into_iter()
    .enumerate()
    {
        let at = NOW - 71_000 + 14_000 * i64::try_from(i).expect("small");
        let t = task(&mut run, name, at, Some(at + 13_000));
        let how = if i == 4 { CellStatus::Ok } else { CellStatus::Changed };
        (0..8).for_each(|h| set(&mut run, t, h, how));
    }
    end(&mut run, State::Succeeded, "ansible-playbook ended with 0", Some(0));
    run
}

/// The third task failed on two of eight hosts, one was not reached before.
pub fn failed() -> RunState {
    let mut run = running();
    run.tasks[2].counts = Counts::default();
    for h in 0..8 {
        run.hosts[h].running = None;
        run.hosts[h].tally = Tally { ok: 2, changed: 2, ..Tally::default() };
        set(
            &mut run,
            2,
            h,
            match h {
                4 => CellStatus::Failed,
                6 => CellStatus::Unreachable,
                _ => CellStatus::Changed,
            },
        );
    }
    run.hosts[4].failed = Some((2, "Timeout when waiting for 10.2.0.15:8080".into()));
    run.hosts[6].failed = Some((2, "Failed to connect to the host via ssh: Connection refused".into()));
    let t = task(&mut run, "Enable in haproxy", NOW - 4_000, Some(NOW - 2_000));
    (0..8).filter(|h| ![4, 6].contains(h)).for_each(|h| set(&mut run, t, h, CellStatus::Changed));
    run.failure = Some(Failure::HostsFailed);
    end(&mut run, State::Failed, "1 host failed, 1 could not be reached", Some(2));
    run
}

/// Ansible ended with 0, but no host matched.
pub fn nothing_ran() -> RunState {
    let mut run = begun(State::Starting, []);
    run.history.truncate(2);
    run.plays.clear();
    run.plan = vec![("Deploy the web tier".into(), 5)];
    end(&mut run, State::NothingRan, "no host matched `wbe`, although Ansible ended with 0", Some(0));
    run
}

/// Stopped by a person while three hosts worked.
pub fn cancelled() -> RunState {
    let mut run = running();
    run.history.push((State::Stopping, NOW - 3_000));
    run.stop = Some(crate::run::event::StopLevel::Interrupt);
    run.maybe_running_on = vec!["web06.eu".into(), "web07.eu".into(), "web08.eu".into()];
    run.dropped = 12;
    run.tasks[2].counts.running = 0;
    for h in 5..8 {
        run.tasks[2].set_cell(h, Cell { status: CellStatus::Unknown, ..Cell::default() });
    }
    end(&mut run, State::Cancelled, "stopped by alice (interrupt)", Some(99));
    run.recap = false;
    run
}

/// Its end was not seen.
pub fn unknown() -> RunState {
    let mut run = running();
    run.tasks[2].counts.running = 0;
    for h in 5..8 {
        run.tasks[2].set_cell(h, Cell { status: CellStatus::Unknown, ..Cell::default() });
    }
    run.failure = Some(Failure::Lost);
    end(&mut run, State::Unknown, "the control host restarted while it ran", None);
    run.recap = false;
    run
}

/// Not begun: another run holds its hosts.
pub fn queued() -> RunState {
    let mut run = RunState { state: State::Queued, updated_at: NOW - 40_000, ..RunState::default() };
    run.history = vec![(State::Requested, NOW - 41_000), (State::Queued, NOW - 40_000)];
    run.why = Some("waits for deploy.yml of bob, which holds production".into());
    run
}

/// Names in Chinese, Japanese and Korean, and one that attacks the terminal.
pub fn cjk() -> RunState {
    let mut run = failed();
    let names = [
        "数据库01",
        "ウェブ02",
        "서버03",
        "web04",
        "数据库主机第五号机房.example",
        "\u{202e}evil\u{1b}[2J",
        "web07",
        "web08",
    ];
    run.hosts = names.into_iter().map(str::to_owned).zip(run.hosts.into_values()).collect();
    run.tasks[1].name = "安装软件包 web=4.12.1 并等待服务恢复正常".into();
    run.tasks[2].name = "再起動して正常になるまで待つ".into();
    run.hosts[4].failed = Some((2, "端口 8080 超时".into()));
    run
}

/// `tasks` x `hosts`, all done but the last task; every 97th host failed at task 3.
pub fn huge(tasks: usize, hosts: usize) -> RunState {
    let mut run = begun(State::Running, (0..hosts).map(|h| format!("host{h:05}.example.net")));
    run.plan[0].1 = u32::try_from(tasks).expect("small");
    for t in 0..tasks {
        let done = t + 1 < tasks;
        let at = task(
            &mut run,
            &format!("Task number {t} of a very long playbook"),
            NOW - 60_000,
            done.then_some(NOW - 50_000),
        );
        for h in (0..hosts).rev() {
            let how = match (done, t == 3 && h % 97 == 0) {
                (true, true) => CellStatus::Failed,
                (true, false) => CellStatus::Ok,
                (false, _) => CellStatus::Running,
            };
            set(&mut run, at, h, how);
        }
    }
    run
}

/// What was asked for all of them.
pub fn spec() -> crate::run::RunSpec {
    let text = "
version: 1
id: 019aa1b2-89ab-7cde-8000-000000000001
ask: {kind: playbook, playbook: deploy.yml, limit: 'web:&eu'}
environment: production
cwd: /srv/shop
argv: [ansible-playbook, deploy.yml, -i, inventories/production, -l, 'web:&eu', -e, web_version=4.12.1]
env: {}
hosts: [web01.eu, web02.eu, web03.eu, web04.eu, web05.eu, web06.eu, web07.eu, web08.eu]
secrets: []
on_conflict: refuse
operator: {name: alice, effective: alice, host: bastion-1}
rerun_of: null
created_at: 1795442452000
";
    serde_yaml::from_str(text).expect("a spec")
}
