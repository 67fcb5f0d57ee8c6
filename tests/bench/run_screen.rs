//! What the Run screen costs with a run of 1,000 tasks on 1,000 hosts and a log of 1,000,000 lines: time a frame at
//! 200x60, and time to take in news. Run it with `cargo bench --bench run_screen`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench fails by panicking")]

use opsdeck::project::Project;
use opsdeck::run::log::LogStore;
use opsdeck::run::state::{Cell, CellStatus, HostState, PlayState, TaskState};
use opsdeck::run::{Grown, RunSpec, RunState, State};
use opsdeck::state::RunDir;
use opsdeck::state::operator::Operator;
use opsdeck::tui::keymap::Keymap;
use opsdeck::tui::model::Model;
use opsdeck::tui::msg::{Data, Msg};
use opsdeck::tui::screens::run::{self, Opened};
use opsdeck::tui::theme::Themes;
use opsdeck::tui::update::update;
use opsdeck::tui::view::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FRAMES: usize = 300;

fn spec() -> RunSpec {
    let text = "{version: 1, id: 019aa1b2-89ab-7cde-8000-000000000001, ask: {kind: playbook, playbook: deploy.yml}, \
                cwd: /p, argv: [ansible-playbook, deploy.yml], env: {}, secrets: [], on_conflict: refuse, \
                created_at: 1, environment: null, hosts: null, rerun_of: null, \
                operator: {name: a, effective: a, host: h}}";
    serde_yaml::from_str(text).unwrap()
}

/// All tasks but the last are done; every 97th host failed at the fourth.
fn state(tasks: usize, hosts: usize) -> RunState {
    let mut run = RunState { state: State::Running, seq: 1, ..RunState::default() };
    run.history = vec![(State::Requested, 1), (State::Starting, 2), (State::Running, 3)];
    run.hosts = (0..hosts).map(|h| (format!("host{h:05}.example.net"), HostState::default())).collect();
    run.plan = vec![("Deploy".into(), u32::try_from(tasks).unwrap())];
    run.plays = vec![PlayState { name: "Deploy".into(), hosts: u32::try_from(hosts).unwrap(), ..PlayState::default() }];
    for t in 0..tasks {
        let mut task = TaskState::default();
        task.name = format!("Task number {t} of a long playbook");
        for h in (0..hosts).rev() {
            let status = match (t + 1 < tasks, t == 3 && h % 97 == 0) {
                (true, true) => CellStatus::Failed,
                (true, false) => CellStatus::Ok,
                (false, _) => CellStatus::Running,
            };
            match status {
                CellStatus::Failed => task.counts.failed += 1,
                CellStatus::Ok => task.counts.ok += 1,
                _ => task.counts.running += 1,
            }
            task.set_cell(h, Cell { status, step: 1, len: 100, off: 1 });
        }
        task.ended_at = (t + 1 < tasks).then_some(10);
        run.tasks.push(task);
    }
    run
}

/// What a frame may cost, and what may pass between a key and its frame.
const GOAL: Duration = Duration::from_millis(2);

fn times(what: &str, mut times: Vec<Duration>) {
    times.sort();
    println!("{what}: median {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
    assert!(times[times.len() / 2] <= GOAL, "{what}: the goal is {GOAL:?}");
}

fn measure(tasks: usize, hosts: usize, lines: usize) {
    println!("{tasks} tasks x {hosts} hosts, {lines} log lines, 200x60");
    let folder = tempfile::tempdir().unwrap();
    let dir = RunDir::at(folder.path());
    std::fs::create_dir_all(dir.step(1).path()).unwrap();
    let mut out = std::io::BufWriter::new(std::fs::File::create(dir.step(1).stdout()).unwrap());
    for n in 0..lines {
        writeln!(out, "ok: [host{:05}.example.net] => (item={n:08}) {}", n % hosts, ".".repeat(50)).unwrap();
    }
    out.flush().unwrap();

    let theme = Themes::load(None).0.get("dark").unwrap().clone();
    let mut model = Model::new(
        Arc::new(Project::default()),
        Operator::default(),
        theme,
        Keymap::default(),
        opsdeck::tui::screens::ALL,
    );
    model.size = (200, 60);
    let spec = spec();
    let id = spec.id;
    run::open(&mut model, id);
    let state = state(tasks, hosts);
    let log = LogStore::open(&dir);
    let opened = Opened::new(None, spec, state, None, log);
    update(&mut model, Msg::Data(Data::Run(run::Data::Opened(id, Box::new(opened)))));
    for _ in 0..lines / 2_000 {
        update(&mut model, Msg::Data(Data::Run(run::Data::More(id))));
    }
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let (mut frames, mut news) = (Vec::new(), Vec::new());
    for n in 0..FRAMES {
        let last = tasks - 1;
        let line = format!(
            r#"{{"seq":{},"ts":5,"e":"result","t":{last},"h":"host{:05}.example.net","s":"ok","step":1,"off":1,"len":1}}"#,
            n + 2,
            n % hosts
        );
        let grown = Grown { lines: line.into_bytes(), output: true, ..Grown::default() };
        let start = Instant::now();
        update(&mut model, Msg::Data(Data::Run(run::Data::Grown(id, grown))));
        news.push(start.elapsed());
        let start = Instant::now();
        terminal.draw(|frame| drop(view(&model, frame))).unwrap();
        frames.push(start.elapsed());
    }
    times("  a frame", frames);
    times("  taking in one event", news);
}

fn main() {
    measure(1_000, 1_000, 1_000_000);
    measure(100, 10_000, 1_000);
}
