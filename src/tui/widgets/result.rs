//! One host's result of one task, unfolded for a person: the message and what the program said on stderr on top, then
//! stdout, the command, the diff, and the rest. The lines are made once, when the result arrives; drawing is a window.

use super::paint::{put, put_right};
use super::{diff, line};
use crate::text;
use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::{Map, Value};

/// Lines shown until the person unfolds the rest.
pub const FOLDED: usize = 40;
/// Lines kept of one result: what is longer is in the log and in the run's folder.
const MAX_LINES: usize = 5_000;
/// Items of a loop that are unfolded.
const MAX_ITEMS: usize = 20;

/// One line, already safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub role: Role,
    pub text: String,
}

/// Keys that say nothing that another place does not say better.
const QUIET: [&str; 17] = [
    "changed",
    "failed",
    "unreachable",
    "skipped",
    "invocation",
    "stdout_lines",
    "stderr_lines",
    "_ansible_no_log",
    "_ansible_verbose_always",
    "_ansible_parsed",
    "_ansible_item_label",
    "_ansible_ignore_errors",
    "ansible_loop_var",
    "_ansible_delegated_vars",
    "_ansible_verbose_override",
    "exception",
    "warnings",
];

/// The lines of a result, most telling first.
pub fn lines(result: &Value) -> Vec<Line> {
    let mut out = Lines(Vec::new());
    match result {
        Value::Object(map) => out.object(map, true),
        other => out.text(Role::Text, "", &plain_value(other)),
    }
    if out.0.is_empty() {
        out.push(Role::Dim, "The result holds nothing but its status.");
    }
    out.0
}

struct Lines(Vec<Line>);

impl Lines {
    fn push(&mut self, role: Role, text: impl Into<String>) {
        if self.0.len() < MAX_LINES {
            self.0.push(Line { role, text: text.into() });
        } else if self.0.len() == MAX_LINES {
            self.0.push(Line {
                role: Role::Warning,
                text: format!("cut after {MAX_LINES} lines; all of it is in the run's folder"),
            });
        }
    }

    /// A text of many lines, each behind `lead`.
    fn text(&mut self, role: Role, lead: &str, body: &str) {
        for line in text::plain_lines(body).iter().take(MAX_LINES) {
            self.push(role, format!("{lead}{line}"));
        }
    }

    /// A titled block, if there is anything in it.
    fn block(&mut self, title: &str, role: Role, body: Option<&Value>) {
        let Some(Value::String(body)) = body else { return };
        let body = body.trim_end();
        if !body.is_empty() {
            self.push(Role::Title, title);
            self.text(role, "  ", body);
        }
    }

    fn object(&mut self, map: &Map<String, Value>, outer: bool) {
        let bad = is_bad(map);
        let msg = map.get("msg").map(plain_value).unwrap_or_default();
        let voice = if bad { Role::Failed } else { Role::Text };
        // What the program itself said tells more than `non-zero return code`.
        self.block("stderr", voice, map.get("stderr"));
        self.text(voice, "", msg.trim_end());
        self.block("stderr of the module", voice, map.get("module_stderr"));
        self.block("stdout", Role::Text, map.get("stdout"));
        self.block("stdout of the module", Role::Text, map.get("module_stdout"));
        let trace = map.get("exception").filter(|e| e.as_str() != Some("(traceback unavailable)"));
        self.block("exception", Role::Dim, trace);
        if let Some(Value::Array(list)) = map.get("warnings") {
            for w in list {
                self.text(Role::Warning, "warning: ", &plain_value(w));
            }
        }
        if outer && let Some(Value::Array(items)) = map.get("results") {
            self.items(items);
        }
        if let Some(d) = map.get("diff") {
            self.diff(d);
        }
        self.rest(map, outer);
    }

    /// Items of a loop: the failed ones first.
    fn items(&mut self, items: &[Value]) {
        let maps = || items.iter().filter_map(Value::as_object);
        let order = maps().filter(|m| is_bad(m)).chain(maps().filter(|m| !is_bad(m)));
        for map in order.take(MAX_ITEMS) {
            let label = map.get("_ansible_item_label").or_else(|| map.get("item")).map(plain_value).unwrap_or_default();
            let (word, role) = if is_bad(map) { ("failed", Role::Failed) } else { ("item", Role::Title) };
            self.push(role, format!("{word}: {}", text::plain(&label)));
            self.object(map, false);
        }
        if items.len() > MAX_ITEMS {
            self.push(Role::Dim, format!("and {} more items", items.len() - MAX_ITEMS));
        }
    }

    fn diff(&mut self, value: &Value) {
        match value {
            Value::Array(many) => many.iter().for_each(|d| self.diff(d)),
            Value::Object(map) => {
                let get = |k: &str| map.get(k).map(plain_value);
                if let Some(ready) = get("prepared") {
                    self.push(Role::Title, "diff");
                    for line in text::plain_lines(&ready) {
                        let role = match line.as_bytes().first() {
                            Some(b'+') => Role::DiffAdded,
                            Some(b'-') => Role::DiffRemoved,
                            _ => Role::Dim,
                        };
                        self.push(role, format!("  {line}"));
                    }
                }
                let (Some(before), Some(after)) = (get("before"), get("after")) else { return };
                let found = diff::lines(&before, &after);
                if found.is_empty() {
                    return;
                }
                let name = get("after_header").or_else(|| get("before_header")).unwrap_or_default();
                self.push(Role::Title, format!("diff {}", text::plain(&name)).trim_end().to_owned());
                for line in found {
                    let safe = |s: &str| text::plain_lines(s).concat();
                    match line {
                        diff::Line::Same(s) => self.push(Role::Dim, format!("    {}", safe(&s))),
                        diff::Line::Removed(s) => self.push(Role::DiffRemoved, format!("  - {}", safe(&s))),
                        diff::Line::Added(s) => self.push(Role::DiffAdded, format!("  + {}", safe(&s))),
                        diff::Line::Gap(n) => self.push(Role::Dim, format!("    ... {n} unchanged")),
                    }
                }
            }
            _ => {}
        }
    }

    /// What is left, one line a key.
    fn rest(&mut self, map: &Map<String, Value>, outer: bool) {
        let said = ["msg", "stderr", "stdout", "module_stderr", "module_stdout", "diff", "results", "item"];
        let mut titled = !outer;
        for (key, value) in map {
            let empty = matches!(value, Value::Null) || value.as_str() == Some("");
            if QUIET.contains(&key.as_str()) || said.contains(&key.as_str()) || empty {
                continue;
            }
            if !titled {
                self.push(Role::Title, "more");
                titled = true;
            }
            let short = plain_value(value);
            self.push(Role::Dim, format!("  {}: {}", text::plain(key), text::cut(&text::plain(&short), 2_000)));
        }
    }
}

fn is_bad(map: &Map<String, Value>) -> bool {
    let is = |k: &str| map.get(k).and_then(Value::as_bool).unwrap_or(false);
    is("failed") || is("unreachable")
}

/// A value as a person writes it: a text without quotes, everything else as JSON.
fn plain_value(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// The lines as rows of at most `columns`: a part of a long line stands below its beginning, as far indented. Nothing is
/// cut off: what decides may stand at the end.
fn rows(lines: &[Line], columns: u16) -> Vec<(Role, u16, &str)> {
    let mut out = Vec::new();
    for Line { role, text } in lines {
        // Most lines are short, and are not looked through.
        if text.len() <= usize::from(columns) {
            out.push((*role, 0, text.as_str()));
            continue;
        }
        let body = text.trim_start_matches(' ');
        let indent = u16::try_from(text.len() - body.len()).unwrap_or(u16::MAX).min(columns / 2);
        let parts = line::fold(body, usize::from(columns - indent));
        out.extend(parts.into_iter().map(|part| (*role, indent, part)));
    }
    out
}

/// How many rows the lines take at this width, with the last one that says what is folded away.
pub fn height(lines: &[Line], unfolded: bool, columns: u16) -> usize {
    let shown = if unfolded { lines.len() } else { lines.len().min(FOLDED) };
    rows(&lines[..shown], columns).len() + usize::from(shown < lines.len())
}

/// Draws the rows from `top`; folded, only those of the first [`FOLDED`] lines.
pub fn draw(lines: &[Line], top: usize, unfolded: bool, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let shown = if unfolded { lines.len() } else { lines.len().min(FOLDED) };
    let hidden = lines.len() - shown;
    let rows = rows(&lines[..shown], area.width);
    let room = usize::from(area.height);
    let top = top.min((rows.len() + usize::from(hidden > 0)).saturating_sub(room));
    let mut y = area.top();
    for (role, indent, text) in rows.iter().skip(top).take(room) {
        put(buf, theme, area.x + indent, y, area.width - indent, text, theme.style(*role));
        y += 1;
    }
    if y < area.bottom() && hidden > 0 {
        put(buf, theme, area.x, y, area.width, &format!("{hidden} more lines: u unfolds them"), theme.style(Role::Dim));
    } else if top + room < rows.len() && area.height > 0 {
        let below = format!(" {} below ", rows.len() - top - room);
        put_right(buf, theme, area.right(), area.bottom() - 1, area.width, &below, theme.style(Role::Dim));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_program_said_comes_before_everything_else() {
        let got = lines(&json!({
            "changed": true, "cmd": ["false"], "failed": true, "msg": "non-zero return code", "rc": 1,
            "stderr": "cannot open /etc/app.conf\u{1b}[31m: denied\n", "stdout": "",
            "diff": {"before": "a\nb\n", "after": "a\nc\n", "after_header": "/etc/x"},
        }));
        let text: Vec<_> = got.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(text[..3], ["stderr", "  cannot open /etc/app.conf: denied", "non-zero return code"]);
        assert_eq!(got[1].role, Role::Failed);
        let diff = text.iter().position(|t| *t == "diff /etc/x").expect("a diff");
        assert_eq!(text[diff + 1..diff + 4], ["    a", "  - b", "  + c"]);
        assert!(text.iter().any(|t| t.trim() == "rc: 1"), "{text:?}");
    }

    #[test]
    fn failed_items_of_a_loop_come_first() {
        let got = lines(&json!({"msg": "One or more items failed", "failed": true, "results": [
            {"item": "a", "changed": false}, {"item": "b", "failed": true, "msg": "no package b"},
        ]}));
        let text: Vec<_> = got.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(text, ["One or more items failed", "failed: b", "no package b", "item: a"]);
    }

    #[test]
    fn a_long_line_is_folded_and_its_end_is_there() {
        let got =
            lines(&json!({"failed": true, "stderr": "the disk of the host is full, and then: permission denied"}));
        let rows: Vec<_> = rows(&got, 24).into_iter().map(|(_, indent, text)| (indent, text)).collect();
        let expected =
            [(0, "stderr"), (2, "the disk of the host"), (2, "is full, and then:"), (2, "permission denied")];
        assert_eq!(rows, expected);
        assert_eq!((height(&got, false, 24), height(&got, false, 80)), (4, 2));
        assert_eq!(height(&vec![got[1].clone(); 60], false, 24), 3 * FOLDED + 1);
    }

    #[test]
    fn a_huge_result_is_cut_and_says_so() {
        let got = lines(&json!({"stdout": "x\n".repeat(100_000)}));
        assert_eq!(got.len(), MAX_LINES + 1);
        assert!(got.last().is_some_and(|l| l.text.contains("cut")));
    }
}
