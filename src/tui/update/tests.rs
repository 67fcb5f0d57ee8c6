//! Keys in, model out: what holds on every screen.

use crate::tui::msg::{Level, Msg, Now};
use crate::tui::testing::{Driver, NOW, model, project};
use crate::tui::theme::Theme;

fn driver() -> Driver {
    Driver::new(model(project(), Theme::new("test", false, Default::default())), (80, 24))
}

#[test]
fn help_filters_and_runs_what_it_found() {
    let mut d = driver();
    d.keys("?");
    assert!(d.screen().contains("keys on fleet"), "{}", d.screen());
    d.text("quit");
    assert!(d.screen().contains("core.quit"));
    d.keys("enter");
    assert!(d.model.quit && d.model.overlay.is_none());
}

#[test]
fn a_word_that_passes_is_never_cut() {
    let mut d = driver();
    let path = format!("/var/lib/opsdeck/runs/{}/timeline.md", "0199".repeat(16));
    d.model.toast(Level::Info, "short");
    d.model.toast(Level::Info, format!("the time line is in {path}"));
    d.send(Msg::Resize(80, 24));
    let screen = d.screen();
    let rows: Vec<&str> = screen.lines().rev().skip(1).take(4).collect();
    assert!(rows[0].trim_end().ends_with("timeline.md") && rows[2].ends_with("the time line is in"), "{screen}");
    assert!(rows[3].trim_end().ends_with("short") && !screen.contains('…'), "{screen}");
}

#[test]
fn text_in_an_overlay_is_never_a_command() {
    let mut d = driver();
    d.keys(": q q esc");
    assert!(!d.model.quit && d.model.overlay.is_none());
    d.keys("q");
    assert!(d.model.quit);
}

#[test]
fn a_tick_is_worth_a_frame_only_when_the_minute_changes() {
    let mut d = driver();
    let before = d.model.now;
    crate::tui::update::update(&mut d.model, Msg::Tick(Now { ms: before.ms + 1_000, ..NOW }));
    assert!(!d.model.dirty);
    crate::tui::update::update(&mut d.model, Msg::Tick(Now { ms: before.ms + 60_000, ..NOW }));
    assert!(d.model.dirty);
    assert!(d.model.next_tick() <= 60_000);
}

#[test]
fn the_top_line_names_the_environment_and_what_protects_it() {
    let mut d = driver();
    assert!(d.screen().lines().next().unwrap().contains("▌PRODUCTION▐ protected"), "{}", d.screen());
    d.keys("]");
    assert!(d.screen().lines().next().unwrap().contains("▌staging▐ fleet"), "{}", d.screen());
    assert!(d.screen().lines().next().unwrap().contains("alice@bastion-1"), "{}", d.screen());
}

#[test]
fn the_theme_picker_shows_each_theme_at_once_and_esc_gives_the_old_one_back() {
    let mut d = driver();
    d.model.theme = crate::tui::testing::theme("dark");
    d.keys("f3 down");
    assert_eq!(d.model.theme.name, "light");
    d.keys("esc");
    assert_eq!(d.model.theme.name, "dark");
    d.keys("f3 end enter");
    assert_eq!((d.model.theme.name.as_str(), d.model.overlay.is_none()), ("solarized", true));
}

#[test]
fn the_table_of_keys_has_a_row_for_every_action() {
    let table = crate::tui::actions::table(&crate::tui::keymap::Keymap::default());
    let rows = crate::tui::actions::all().count() + 2;
    assert_eq!(table.lines().count(), rows, "{table}");
    assert!(table.contains("| fleet | `/` | `fleet.filter` |"), "{table}");
    assert!(table.lines().all(|row| row.replace("\\|", "").matches('|').count() == 5), "{table}");
}

#[test]
fn what_lies_above_a_screen_is_seen_in_every_theme_and_size() {
    for theme in ["dark", "light", "high-contrast"] {
        for size in [(80, 24), (160, 50)] {
            for (name, key) in [("help", "?"), ("palette", ":"), ("themes", "f3")] {
                let mut d = Driver::new(model(project(), crate::tui::testing::theme(theme)), size);
                d.keys(key);
                insta::assert_snapshot!(format!("{name}_{theme}_{}x{}", size.0, size.1), d.styled());
            }
        }
    }
}

#[test]
fn a_name_weighs_more_in_the_palette_than_what_is_said_of_it() {
    for (typed, expected) in [("thm", "theme"), ("quit", "quit"), ("mark all", "mark all"), ("audit", "audit")] {
        let mut d = driver();
        d.keys(":");
        d.text(typed);
        let first = d.screen().lines().nth(3).unwrap().to_owned();
        assert!(first.contains(expected), "{typed}: {first}\n{}", d.screen());
    }
}

#[test]
fn the_mouse_is_switched_with_a_word_and_its_state_is_in_sight() {
    let mut d = driver();
    d.keys("f2");
    assert_eq!(d.effects().last(), Some(&crate::tui::effect::Effect::Mouse(false)));
    assert!(d.screen().contains("the terminal selects text"), "{}", d.screen());
    assert!(d.screen().lines().next().unwrap().contains("mouse off"), "{}", d.screen());
    d.keys("f2");
    assert_eq!(d.effects(), [crate::tui::effect::Effect::Mouse(true)]);
    assert!(!d.screen().contains("mouse off"), "{}", d.screen());
}
