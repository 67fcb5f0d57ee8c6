//! Lines that are too wide.

use super::*;

fn text(line: &Line) -> String {
    line.0.iter().map(|(text, _)| text.as_str()).collect()
}

#[test]
fn a_line_is_broken_between_words_and_keeps_its_roles() {
    let line = Line::named("Undo").and("not instant", Role::Warning).and(": 部署到生产环境 stays, 2 min", Role::Text);
    let lines = wrap(line.clone(), 9, 24);
    let told: Vec<String> = lines.iter().map(text).collect();
    assert_eq!(told, ["Undo     not instant:", "         部署到生产环境", "         stays, 2 min"]);
    assert!(lines[0].0.contains(&("instant".into(), Role::Warning)) && lines.iter().all(|line| line.width() <= 24));
    assert_eq!(wrap(line.clone(), 9, 200), [line]);
    // A word for which no line is wide enough is cut when it is drawn, and ends all the same.
    assert_eq!(wrap(Line::default().and("a verylongword b", Role::Text), 2, 6).len(), 2);
}
