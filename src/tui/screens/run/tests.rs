//! The Run screen in every state of a run, at the sizes and in the themes that people use; and what its keys do.

use super::*;
use crate::run::event::StopLevel;
use crate::tui::msg::{self, Msg};
use crate::tui::testing;
use crate::tui::widgets::result::Line;
use crate::tui::widgets::{fixtures, result};
use serde_json::json;

fn lines() -> Vec<Line> {
    result::lines(&json!({
        "failed": true, "changed": true, "msg": "non-zero return code", "rc": 1, "cmd": ["systemctl", "restart", "web"],
        "stderr": "Job for web.service failed because the control process exited with error code.\nSee \"journalctl -xeu web.service\" for details.",
        "stdout": "", "delta": "0:00:22.104",
        "diff": {"before": "port = 8080\nworkers = 4\n", "after": "port = 8080\nworkers = 16\n", "after_header": "/etc/web.conf"},
    }))
}

/// What Ansible printed in that run.
const OUTPUT: &str = "PLAY [Deploy the web tier] ****\n\nTASK [Drain from haproxy] ****\nchanged: [web01.eu]\nchanged: [web02.eu]\n\n\
    TASK [Restart and wait for health] ****\nchanged: [web01.eu]\nfatal: [web05.eu]: FAILED! => {\"msg\": \"Timeout\"}\n\
    changed: [web02.eu]\nchanged: [数据库03]\n";

/// A log of these lines. Its folder lives as long as the test.
fn log() -> (tempfile::TempDir, LogStore) {
    let folder = tempfile::tempdir().unwrap();
    let dir = crate::state::RunDir::at(folder.path());
    std::fs::create_dir_all(dir.step(1).path()).unwrap();
    std::fs::write(dir.step(1).stdout(), OUTPUT).unwrap();
    let log = LogStore::open(&dir);
    (folder, log)
}

/// A screen, and the folder that it reads.
struct Driver {
    driver: testing::Driver,
    _folder: tempfile::TempDir,
}

impl std::ops::Deref for Driver {
    type Target = testing::Driver;

    fn deref(&self) -> &testing::Driver {
        &self.driver
    }
}

impl std::ops::DerefMut for Driver {
    fn deref_mut(&mut self) -> &mut testing::Driver {
        &mut self.driver
    }
}

/// Opens a run in another screen's test, without output.
pub fn open_in(d: &mut testing::Driver, state: RunState) {
    open_run(d, fixtures::spec(), state);
}

/// The same for any run.
pub fn open_run(d: &mut testing::Driver, spec: RunSpec, state: RunState) {
    let id = spec.id;
    open(&mut d.model, id);
    let log = LogStore::open(&crate::state::RunDir::at(std::path::Path::new("/nonexistent")));
    let opened = Opened::new(Some(0), spec, state, None, log);
    d.send(Msg::Data(msg::Data::Run(Data::Opened(id, Box::new(opened)))));
}

/// A run on the screen, with the result of its first error, where it has one.
fn driver(state: RunState, theme: &str, size: (u16, u16)) -> Driver {
    let driver = testing::Driver::new(testing::model(testing::project(), testing::theme(theme)), size);
    let (folder, log) = log();
    let mut d = Driver { driver, _folder: folder };
    let id = fixtures::spec().id;
    open(&mut d.model, id);
    let opened = Opened::new(Some(0), fixtures::spec(), state, None, log);
    d.send(Msg::Data(msg::Data::Run(Data::Opened(id, Box::new(opened)))));
    answer(&mut d);
    d
}

/// Answers what was asked for.
fn answer(d: &mut Driver) {
    for e in d.effects() {
        if let effect::Effect::Run(Effect::Result { id, task, host, .. }) = e {
            d.send(Msg::Data(msg::Data::Run(Data::Result { id, task, host, lines: Ok(lines()) })));
        } else if let effect::Effect::Run(Effect::More(id)) = e {
            d.send(Msg::Data(msg::Data::Run(Data::More(id))));
        }
    }
}

#[test]
fn as_it_looks() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let name = |what: &str| format!("run_{what}_{theme}_{}x{}", size.0, size.1);
            insta::assert_snapshot!(name("running"), driver(fixtures::running(), theme, size).styled());
            insta::assert_snapshot!(name("failed"), driver(fixtures::failed(), theme, size).styled());
        }
    }
}

#[test]
fn what_the_hosts_said_is_folded_and_what_differs_is_marked() {
    use crate::run::outputs::{End, Output, fold};
    let output = |host: String, end: End, text: &str| Output {
        host,
        end,
        lines: text.lines().map(str::to_owned).collect(),
        digest: String::new(),
    };
    let mut all: Vec<Output> =
        (1..=12).map(|n| output(format!("web{n:02}"), End::Code(0), "nginx 1.26.2\nup 4 weeks")).collect();
    all.push(output("web13".into(), End::Code(0), "nginx 1.24.0\nup 4 weeks"));
    all.push(output("web14".into(), End::Code(127), "/bin/sh: 1: nginx: not found"));
    all.push(output("web15".into(), End::Unreachable, "ssh: connect to host 10.0.0.15 port 22: Connection refused"));
    all.push(output("web16".into(), End::Unknown, "it did not end within 30 s, and may still run there"));
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            let mut d = driver(fixtures::succeeded(), theme, size);
            d.keys("o");
            let asked = d.effects();
            let groups = |e: &effect::Effect| matches!(e, effect::Effect::Run(Effect::Groups { .. }));
            assert!(asked.iter().any(groups), "{asked:?}");
            d.send(Msg::Data(msg::Data::Run(Data::Groups(fixtures::spec().id, fold(&all)))));
            insta::assert_snapshot!(format!("run_groups_{theme}_{}x{}", size.0, size.1), d.styled());
            d.keys("G o");
            assert!(!d.screen().contains("outputs:"), "{}", d.screen());
        }
    }
}

#[test]
fn every_end_has_its_own_face() {
    for (name, state) in [
        ("succeeded", fixtures::succeeded()),
        ("nothing_ran", fixtures::nothing_ran()),
        ("cancelled", fixtures::cancelled()),
        ("unknown", fixtures::unknown()),
        ("queued", fixtures::queued()),
        ("cjk", fixtures::cjk()),
    ] {
        insta::assert_snapshot!(format!("run_{name}"), driver(state, "16-colour", (80, 24)).screen());
    }
}

#[test]
fn narrow_ascii_check_mode_and_nobody_there() {
    insta::assert_snapshot!("run_failed_40x10", driver(fixtures::failed(), "dark", (40, 10)).screen());
    let mut d = driver(fixtures::running(), "monochrome", (80, 24));
    d.model.theme.ascii = true;
    if let Some(o) = &mut d.driver.model.run.opened {
        if let crate::run::Work::Ansible(crate::run::Ask::Playbook(p)) = &mut o.spec.work {
            p.common.check = true;
        }
        o.damage = Some("journal.jsonl, line 212 (byte 18204): not an event".into());
    }
    d.send(Msg::Data(msg::Data::Run(Data::Watched(fixtures::spec().id, false))));
    insta::assert_snapshot!("run_unwatched_check_ascii", d.screen());
}

#[test]
fn the_stop_menu_says_what_each_rung_leaves_behind_and_does_nothing_by_default() {
    let mut d = driver(fixtures::running(), "dark", (80, 24));
    d.keys("s");
    insta::assert_snapshot!("run_stop_menu", d.screen());
    d.keys("enter");
    assert_eq!((d.effects(), d.model.run.stop), (vec![], None));
    d.keys("s down down q");
    assert_eq!((d.effects(), d.model.run.stop, d.model.quit), (vec![], None, false));
    d.keys("s down down enter");
    let id = fixtures::spec().id;
    assert_eq!(d.effects(), [effect::Effect::Run(Effect::Stop { id, level: StopLevel::Interrupt })]);
    let mut small = driver(fixtures::running(), "dark", (40, 10));
    small.keys("s down");
    insta::assert_snapshot!("run_stop_menu_40x10", small.screen());
    let mut ended = driver(fixtures::failed(), "dark", (80, 24));
    ended.keys("s");
    assert!(ended.model.run.stop.is_none() && ended.screen().contains("the run has ended"), "{}", ended.screen());
    let mut watched = driver(fixtures::running(), "dark", (80, 24));
    watched.model.read_only = true;
    watched.keys("s");
    assert!(watched.screen().contains("read-only"), "{}", watched.screen());
}

#[test]
fn the_first_error_unfolds_by_itself_and_e_goes_to_it() {
    let mut d = driver(fixtures::failed(), "dark", (120, 40));
    let screen = d.screen();
    assert!(screen.contains("Job for web.service failed") && screen.contains("web05.eu: Restart"), "{screen}");
    assert_ne!(d.model.run.under_cursor(), Some((2, 4)));
    d.keys("e");
    assert_eq!(d.model.run.under_cursor(), Some((2, 4)));
    d.keys("E");
    answer(&mut d);
    assert_eq!(d.model.run.under_cursor(), Some((2, 6)));
    d.keys("E");
    assert_eq!(d.model.run.under_cursor(), Some((2, 4)), "after the last one the first again");
    // The choice of a person stays, whatever arrives.
    d.keys("g enter");
    answer(&mut d);
    let chosen = d.model.run.result.clone();
    d.send(Msg::Data(msg::Data::Run(Data::Grown(fixtures::spec().id, crate::run::Grown::default()))));
    assert_eq!(d.model.run.result, chosen);
    assert_eq!(d.effects(), []);
}

#[test]
fn filters_hide_and_e_finds_all_the_same() {
    let mut d = driver(fixtures::failed(), "dark", (80, 24));
    d.keys("x");
    assert_eq!((d.model.run.order.tasks.as_slice(), d.model.run.order.hosts.as_slice()), (&[2][..], &[4, 6][..]));
    d.keys("x H");
    d.text("web01");
    d.keys("enter");
    assert_eq!(d.model.run.order.hosts, [0]);
    d.keys("e");
    assert_eq!(d.model.run.under_cursor(), Some((2, 4)));
    d.keys("v");
    assert!(d.screen().contains("Timeout when waiting"), "{}", d.screen());
}

#[test]
fn the_cursor_follows_the_newest_task_until_it_is_moved() {
    let mut d = driver(fixtures::running(), "dark", (80, 24));
    let grow = |d: &mut Driver| {
        let seq = d.model.run.state().unwrap().seq + 1;
        let line = format!(
            r#"{{"seq":{seq},"ts":1,"e":"task","name":"next {seq}","action":"ping","step":1,"off":0,"len":1}}"#
        );
        let grown = crate::run::Grown { lines: line.into_bytes(), ..crate::run::Grown::default() };
        d.send(Msg::Data(msg::Data::Run(Data::Grown(fixtures::spec().id, grown))));
    };
    grow(&mut d);
    assert_eq!(d.model.run.cursor.task, 3);
    d.keys("k");
    grow(&mut d);
    assert_eq!(d.model.run.cursor.task, 2);
    d.keys("G");
    grow(&mut d);
    assert_eq!(d.model.run.cursor.task, 5);
}

#[test]
fn a_run_of_production_is_shown_as_one_and_repeated_where_it_can_be() {
    let mut d = driver(fixtures::failed(), "dark", (80, 24));
    assert_eq!(d.model.environment().map(|e| e.name.as_str()), Some("production"));
    let id = fixtures::spec().id;
    d.keys("R");
    assert_eq!(d.effects(), [effect::Effect::Run(Effect::Again { id, failed_hosts: false })]);
    d.model.read_only = true;
    d.keys("r");
    assert_eq!(d.effects(), []);
    d.model.read_only = false;
    opened_on(&mut d, None);
    d.effects();
    d.keys("r");
    assert!(d.screen().contains("its inventory is of no environment here"), "{}", d.screen());
    let mut live = driver(fixtures::running(), "dark", (80, 24));
    live.keys("R");
    assert!(live.screen().contains("it has not ended"), "{}", live.screen());
}

/// A run was read that acts on this environment.
fn opened_on(d: &mut Driver, env: Option<usize>) {
    let spec = fixtures::spec();
    let log = LogStore::open(&crate::state::RunDir::at(std::path::Path::new("/nonexistent")));
    let opened = Opened::new(env, spec, fixtures::failed(), None, log);
    d.send(Msg::Data(msg::Data::Run(Data::Opened(fixtures::spec().id, Box::new(opened)))));
}

#[test]
fn a_run_of_another_environment_leaves_the_fleet_where_it_was() {
    let name = |d: &Driver| d.model.environment().map(|e| e.name.clone());
    let mut d = driver(fixtures::failed(), "dark", (80, 24));
    for (env, expected) in [(Some(1), Some("staging".to_owned())), (None, None)] {
        opened_on(&mut d, env);
        assert_eq!(name(&d), expected);
        d.keys("1");
        assert_eq!(name(&d).as_deref(), Some("production"), "Fleet shows what it showed before");
        d.keys("] [");
        assert_eq!(name(&d).as_deref(), Some("production"));
        open(&mut d.model, fixtures::spec().id);
    }
}

#[test]
fn the_output_is_searched_filtered_and_followed() {
    let mut d = driver(fixtures::running(), "dark", (100, 40));
    assert!(d.screen().contains("数据库03") && d.model.run.log.following(), "{}", d.screen());
    d.keys("/");
    d.text("web02");
    d.keys("enter");
    answer(&mut d);
    let first = d.model.run.log.line();
    d.keys("n");
    answer(&mut d);
    assert!(first.is_some() && d.model.run.log.line() > first, "{first:?} {}", d.screen());
    assert_eq!(d.model.run.pane, Pane::Log);
    d.keys("f x");
    assert!(!d.screen().contains("数据库03") && d.screen().contains("FAILED!"), "{}", d.screen());
    d.keys("x &");
    d.text("!changed");
    d.keys("enter");
    assert!(!d.screen().contains("changed: [web01"), "{}", d.screen());
    d.keys("& enter H");
    d.text("web05");
    d.keys("enter");
    assert_eq!(d.model.run.log.filter().host.as_deref(), Some("web05.eu"));
    assert!(!d.screen().contains("changed: [web01"), "{}", d.screen());
    d.keys("/");
    d.text("(");
    d.keys("enter");
    assert!(d.screen().contains("is no pattern"), "{}", d.screen());
}

#[test]
fn tab_gives_the_keys_to_each_part_and_zoom_the_screen() {
    let mut d = driver(fixtures::failed(), "dark", (80, 24));
    let parts: Vec<Pane> = (0..3)
        .map(|_| {
            d.keys("tab");
            d.model.run.focus()
        })
        .collect();
    assert_eq!(parts, [Pane::Result, Pane::Log, Pane::Grid]);
    d.keys("tab tab z");
    assert!(d.screen().contains("TASK [Drain from haproxy]") && !d.screen().contains("TASK 4"), "{}", d.screen());
    d.keys("m Y");
    assert!(matches!(&d.effects()[..], [effect::Effect::Copy(text)] if text.contains("数据库03")));
}

#[test]
fn a_click_on_a_cell_unfolds_it() {
    let mut d = driver(fixtures::failed(), "dark", (80, 24));
    let rows: Vec<String> = d.screen().lines().map(str::to_owned).collect();
    let y = rows.iter().position(|l| l.contains("Install package")).unwrap();
    let x = rows[y].chars().position(|c| c == '◆').unwrap();
    let first_cell = rows[y].char_indices().filter(|(_, c)| *c == '◆').count();
    assert_eq!(first_cell, 9, "the task's own sign and eight cells");
    let cell = rows[y].chars().enumerate().filter(|(_, c)| *c == '◆').nth(3).map(|(i, _)| i).unwrap();
    assert!(cell > x);
    d.send(Msg::Mouse(crossterm::event::MouseEvent {
        kind: crossterm::event::MouseEventKind::Down(crossterm::event::MouseButton::Left),
        column: u16::try_from(cell).unwrap(),
        row: u16::try_from(y).unwrap(),
        modifiers: crossterm::event::KeyModifiers::NONE,
    }));
    assert_eq!(d.model.run.under_cursor(), Some((1, 2)));
    assert!(matches!(d.effects()[..], [effect::Effect::Run(Effect::Result { task: 1, host: 2, .. })]));
}

proptest::proptest! {
    #![proptest_config(crate::cases::cases(60))]

    #[test]
    fn any_run_at_any_size_and_after_any_keys(
        w in 1u16..100, h in 1u16..40, which in 0usize..8, keys in proptest::collection::vec(0usize..31, 0..12),
    ) {
        let all = [fixtures::running, fixtures::failed, fixtures::succeeded, fixtures::nothing_ran, fixtures::cancelled,
            fixtures::unknown, fixtures::queued, fixtures::cjk];
        let mut d = driver(all[which](), "dark", (w, h));
        let words = ["e", "E", "n", "N", "f", "w", "t", "m", "/", "&", "Y", "enter", "u", "s", "tab", "z", "v", "F", "x", "H", "a", "esc", "up", "down", "left", "right",
            "pgdn", "pgup", "home", "end", "T"];
        for k in keys {
            d.keys(words[k]);
            answer(&mut d);
            if d.model.stack.last().is_some_and(|s| s.name != "run") {
                open(&mut d.model, fixtures::spec().id);
            }
        }
        proptest::prop_assert!(!d.screen().chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn a_recovery_shows_its_own_chain_its_rung_and_what_that_runs() {
    use crate::recovery::{event::Event, launch::freeze, state::At, watch::tests::watched};
    let body = watched().body;
    let spec = freeze(fixtures::spec().id, &body, [].iter()).unwrap();
    let mut state = RunState::default();
    for (at, to) in [(0, At::Diagnosing), (2_000, At::Deciding), (3_000, At::Acting), (9_000, At::Verifying)] {
        let event = Event::Entered { at: to, why: "it did what it was to do".into() };
        state.own.push((at, serde_json::to_string(&event).unwrap()));
    }
    let mut d = testing::Driver::new(testing::model(testing::project(), testing::theme("dark")), (160, 50));
    open_run(&mut d, spec, state);
    let screen = d.screen();
    for words in [
        "$ ansible web4 -m service -a 'name=web state=restarted'",
        "recovery of web on web4, rung 1 of 2: Restart",
        "verifying: it did what it was to do",
        "VERIFYING 1/2",
        "probation",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
}
