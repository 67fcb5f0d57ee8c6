//! Below the table: all that is known of the row under the cursor, whatever the columns had no room for.

use super::columns::{self, Of};
use super::note;
use crate::text::human;
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::widgets::paint::{put, put_all};
use crate::tui::widgets::spark::{self, Spark};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub const HIGH: u16 = 4;
/// Columns of the chart: a minute each.
const CHART: u16 = 30;

pub fn view(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let rule = if theme.ascii { "-" } else { "─" }.repeat(usize::from(area.width));
    put(buf, theme, area.x, area.y, area.width, &rule, theme.style(Role::Border));
    let Some(picture) = model.health.of(model.env) else { return };
    let dim = theme.style(Role::Dim);
    if let Some(cause) = model.health.cause().and_then(|n| picture.board.causes.get(n)) {
        put(buf, theme, area.x, area.y + 1, area.width, &cause.hosts.join(" "), theme.style(Role::Text));
        let text = "They fail the same way since the same moment. Enter opens the hosts.";
        put(buf, theme, area.x, area.y + 2, area.width, text, dim);
        return;
    }
    let Some(row) = model.health.current() else { return };
    let of = Of { model, picture, row };
    let chart = row.spark.iter().any(Option::is_some) && area.width >= 60;
    let wide = area.width.saturating_sub(if chart { CHART + 2 } else { 0 });
    let host = row.host.as_deref().unwrap_or("measured once for all");
    let parts = [(host, theme.style(Role::Strong)), ("  ", dim), (&row.check, theme.style(Role::Title)), ("  ", dim)];
    let x = put_all(buf, theme, area.x, area.y + 1, wide, &parts);
    let left = (area.x + wide).saturating_sub(x);
    put(buf, theme, x, area.y + 1, left, &columns::value(of), theme.style(columns::status(of).1.role));
    put(buf, theme, area.x, area.y + 2, wide, &measured(of), dim);
    if let Some((text, role)) = note::note(&model.project, picture, row, model.now.ms) {
        put(buf, theme, area.x, area.y + 3, wide, &text, theme.style(role));
    }
    if chart {
        let at = Rect { x: area.right() - CHART, y: area.y + 1, width: CHART, height: area.height - 1 };
        draw(of, at, buf);
    }
}

/// `needs at most 85% · df over ssh · 4s old · +1%/h full in 9h`.
fn measured(of: Of<'_>) -> String {
    let row = of.row;
    let age = of.picture.age(row, of.model.now.ms).map(|age| format!("{} old", human::short(age)));
    let need = (!row.need.is_empty()).then(|| format!("needs {}", row.need));
    let limit = row.limit.map(|limit| format!("limit {limit}"));
    let often = (row.streak > 1).then(|| format!("{} in a row", human::count(row.streak.into())));
    let some = |text: String| (!text.is_empty()).then_some(text);
    let parts = [need, limit, some(row.source.clone()), age, often, some(columns::trend(of))];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(if of.model.theme.ascii { " - " } else { " · " })
}

/// A row's last half hour.
pub fn draw(of: Of<'_>, area: Rect, buf: &mut Buffer) {
    use crate::health::judge::Status;
    let row = of.row;
    let (status, sign) = columns::status(of);
    let plain = if status == Status::Stale { Role::Stale } else { Role::Text };
    let beyond = if matches!(status, Status::Warn | Status::Bad) { sign.role } else { plain };
    let percent = row.unit == crate::health::record::Unit::Percent;
    let spark = Spark { values: &row.spark, limit: row.limit, low: row.low, percent, roles: (beyond, plain) };
    spark::draw(&spark, &of.model.theme, area, buf);
}
