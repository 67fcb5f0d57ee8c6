//! Every widget at many sizes, in a theme with colours, in ASCII and in CJK; and any run at any size without a panic.

use super::matrix::{Cursor, Frame};
use super::order::{Order, Wish, order};
use super::{diagram, fixtures, hosts, matrix, progress, result, sign};
use crate::run::RunState;
use crate::run::state::{Cell, CellStatus, State};
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use std::collections::HashMap;

fn theme(ascii: bool) -> Theme {
    let styles = [(Role::Failed, Color::Red), (Role::Ok, Color::Green), (Role::Changed, Color::Yellow)];
    Theme::new("test", ascii, styles.into_iter().map(|(r, c)| (r, Style::new().fg(c))).collect::<HashMap<_, _>>())
}

/// The buffer as text: wide characters once, trailing spaces cut.
fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut x = 0;
        while x < buf.area.width {
            let s = buf[(x, y)].symbol();
            line.push_str(s);
            x += super::paint::width(s).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn frame(theme: &Theme) -> Frame<'_> {
    Frame { theme, now: fixtures::NOW, focus: true, live: true }
}

fn painted(w: u16, h: u16, draw: impl FnOnce(Rect, &mut Buffer)) -> String {
    let area = Rect::new(0, 0, w, h);
    let mut buf = Buffer::empty(area);
    draw(area, &mut buf);
    text(&buf)
}

fn all(run: &RunState, theme: &Theme, w: u16, h: u16) -> String {
    let o = order(run, &Wish::default());
    let c = Cursor { task: run.tasks.len().saturating_sub(1), host: 4 };
    let p = progress::progress(run, Some(8), fixtures::NOW);
    let machine = |at: State| diagram_of(run, at);
    painted(w, 5.min(h), |a, b| diagram::draw(&machine(run.state), theme, a, b))
        + &painted(w, 1, |a, b| progress::draw(run, &p, theme, a, b))
        + &painted(w, 1, |a, b| hosts::strip(run, Some(8), frame(theme), a, b))
        + &painted(w, h.min(8), |a, b| {
            let _ = matrix::draw(run, &o, c, frame(theme), a, b);
        })
        + &painted(w, h.min(9), |a, b| hosts::list(run, &o, 4, frame(theme), a, b))
}

/// A machine as small as a test needs.
fn diagram_of(run: &RunState, at: State) -> diagram::Diagram {
    use diagram::{Node, Place};
    let node = |s: State| {
        let place = if s == at {
            Place::Now
        } else if run.history.iter().any(|(h, _)| *h == s) {
            Place::Past
        } else if at.is_terminal() {
            Place::Missed
        } else {
            Place::Ahead
        };
        Node {
            below: if place == Place::Ahead { String::new() } else { "0:48".into() },
            ..Node::new(sign::state(s), place)
        }
    };
    diagram::Diagram {
        path: [State::Requested, State::Queued, State::Starting, State::Running, State::Succeeded].map(node).into(),
        exits: [State::Failed, State::NothingRan, State::Cancelled, State::Unknown].map(node).into(),
        notes: vec![],
    }
}

#[test]
fn widgets_of_a_running_run() {
    insta::assert_snapshot!("running_80", all(&fixtures::running(), &theme(false), 80, 24));
    insta::assert_snapshot!("running_160", all(&fixtures::running(), &theme(false), 160, 50));
    insta::assert_snapshot!("running_40_ascii", all(&fixtures::running(), &theme(true), 40, 10));
}

#[test]
fn widgets_of_a_failed_run() {
    insta::assert_snapshot!("failed_80", all(&fixtures::failed(), &theme(false), 80, 24));
    insta::assert_snapshot!("failed_cjk", all(&fixtures::cjk(), &theme(false), 80, 24));
    insta::assert_snapshot!("failed_cjk_ascii", all(&fixtures::cjk(), &theme(true), 80, 24));
}

#[test]
fn a_matrix_of_many_shows_a_window_and_says_which() {
    let run = fixtures::huge(40, 500);
    let o = order(&run, &Wish { failing_first: true, ..Wish::default() });
    let text = painted(80, 8, |a, b| {
        let _ = matrix::draw(&run, &o, Cursor { task: 20, host: 300 }, frame(&theme(false)), a, b);
    });
    insta::assert_snapshot!("matrix_window", text);
}

#[test]
fn a_meta_task_runs_on_no_host_and_its_time_does_not_grow() {
    let mut run = fixtures::running();
    let before = progress::progress(&run, Some(8), fixtures::NOW);
    let src = crate::run::event::Source { step: 1, off: 0, len: 1 };
    let (name, action) = ("Restart now".into(), "ansible.builtin.meta".into());
    let event = crate::run::event::Event::Task { n: None, name, action, handler: false, path: None, src };
    run.apply(&crate::run::event::Entry { seq: run.seq + 1, ts: fixtures::NOW - 90_000, event });
    let o = order(&run, &Wish::default());
    let t = Theme::new("test", false, HashMap::from([(Role::Dim, Style::new().fg(Color::Blue))]));
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 8));
    matrix::draw(&run, &o, Cursor::default(), frame(&t), buf.area, &mut buf);
    let shown = text(&buf);
    let row = shown.lines().position(|l| l.contains("Restart now")).unwrap();
    let line = shown.lines().nth(row).unwrap();
    assert!(line.ends_with("0:00") && !line.contains('◐'), "{shown}");
    let at = u16::try_from(row).unwrap();
    assert_eq!(buf[(2, at)].fg, Color::Blue, "it is dim");
    let after = progress::progress(&run, Some(8), fixtures::NOW);
    assert_eq!((after.done, after.total), (before.done, before.total), "the plan does not count it");
}

#[test]
fn cells_have_the_colour_of_their_state() {
    let run = fixtures::failed();
    let o = order(&run, &Wish::default());
    let t = theme(false);
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 8));
    matrix::draw(&run, &o, Cursor::default(), Frame { focus: false, ..frame(&t) }, buf.area, &mut buf);
    let red = buf.content().iter().filter(|c| c.symbol() == "✖" && c.fg == Color::Red).count();
    // The task's own sign and one host.
    assert_eq!(red, 2);
}

proptest::proptest! {
    #![proptest_config(crate::cases::cases(200))]

    #[test]
    fn any_run_at_any_size(
        w in 1u16..90, h in 1u16..30, x in 0u16..3, hosts in 0usize..9, ascii: bool, which in 0usize..10,
        cells in proptest::collection::vec((0usize..5, 0usize..12, 0u8..9), 0..40),
        cursor in (0usize..20, 0usize..20), plan in proptest::collection::vec(0u32..4, 0..3), batches in 0u32..4,
        name in "\\PC{0,30}", failing_first: bool, failed_only: bool,
    ) {
        let mut run = fixtures::running();
        run.state = State::ALL[which];
        run.hosts.truncate(hosts);
        run.tasks.truncate(hosts);
        run.plan = plan.into_iter().map(|n| (name.clone(), n)).collect();
        run.plays = (0..batches).map(|n| crate::run::state::PlayState { name: name.clone(), hosts: n, first_task: n * 2, ..crate::run::state::PlayState::default() }).collect();
        let kinds = [CellStatus::None, CellStatus::Running, CellStatus::Ok, CellStatus::Changed, CellStatus::Failed, CellStatus::Ignored, CellStatus::Unreachable, CellStatus::Skipped, CellStatus::Unknown];
        for (t, host, kind) in cells {
            if let Some(task) = run.tasks.get_mut(t) {
                task.set_cell(host, Cell { status: kinds[usize::from(kind)], ..Cell::default() });
                task.counts.failed += u32::from(kind == 4);
                task.name = name.clone();
            }
        }
        let t = theme(ascii);
        let o = order(&run, &Wish { failing_first, failed_only, ..Wish::default() });
        let stale = Order { tasks: vec![0, 9, 77], hosts: vec![3, 99] };
        let c = Cursor { task: cursor.0, host: cursor.1 };
        let area = Rect::new(x, 1, w, h);
        let mut buf = Buffer::empty(Rect::new(0, 0, w, h));
        for o in [&o, &stale] {
            matrix::draw(&run, o, c, frame(&t), area, &mut buf);
            hosts::list(&run, o, cursor.0, frame(&t), area, &mut buf);
        }
        hosts::strip(&run, Some(3), frame(&t), area, &mut buf);
        diagram::draw(&diagram_of(&run, run.state), &t, area, &mut buf);
        progress::draw(&run, &progress::progress(&run, Some(9), fixtures::NOW), &t, area, &mut buf);
        result::draw(&result::lines(&serde_json::json!({"msg": name, "stdout": "a\nb\nc"})), cursor.0, failed_only, &t, area, &mut buf);
        let shown = text(&buf);
        proptest::prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
        proptest::prop_assert!(!ascii || shown.is_ascii(), "{shown}");
    }
}
