//! A number over time in a few cells, with the line of its threshold: one row is a sparkline, several are a chart.

use crate::tui::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Eighths of a cell, from below.
const LEVELS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const ASCII: [&str; 8] = ["_", "_", ".", "-", "-", "=", "+", "#"];

#[derive(Debug, Clone, Copy)]
pub struct Spark<'a> {
    /// Oldest first; `None`: not known then.
    pub values: &'a [Option<f32>],
    pub limit: Option<f64>,
    /// What lies below the threshold is bad, not what lies above.
    pub low: bool,
    /// It goes from 0 to 100; else from the least to the greatest.
    pub percent: bool,
    /// How what is beyond the threshold looks, and all else.
    pub roles: (Role, Role),
}

/// Draws it over the whole area. In one row the last cell shows how high the threshold lies.
pub fn draw(spark: &Spark<'_>, theme: &Theme, area: Rect, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    let line = area.height == 1 && spark.limit.is_some();
    let wide = usize::from(area.width.saturating_sub(if line { 2 } else { 0 }));
    if wide == 0 || area.height == 0 {
        return;
    }
    let values = squeeze(spark, wide);
    let (least, most) = span(spark);
    let all = f64::from(area.height) * 8.0;
    // At least one eighth: a known nothing is not an unknown.
    let height = |value: f64| (((value - least) / (most - least) * all).round() as i64).clamp(1, all as i64);
    let levels = if theme.ascii { &ASCII } else { &LEVELS };
    let threshold = spark.limit.map(|limit| (height(limit) - 1) / 8);
    for (n, value) in values.iter().enumerate() {
        let x = area.x + n as u16;
        for row in 0..area.height {
            let y = area.bottom() - 1 - row;
            let below = i64::from(row) * 8;
            let on_line = area.height > 1 && threshold == Some(i64::from(row));
            let (symbol, role) = match value {
                Some(value) if height(*value) > below => {
                    let beyond = spark.limit.is_some_and(|l| if spark.low { *value < l } else { *value > l });
                    let part = (height(*value) - below).min(8) as usize;
                    (levels[part - 1], if beyond { spark.roles.0 } else { spark.roles.1 })
                }
                _ if on_line => (if theme.ascii { "-" } else { "┄" }, Role::Warning),
                None if row == 0 => (if theme.ascii { "." } else { "·" }, Role::Dim),
                _ => continue,
            };
            buf[(x, y)].set_symbol(symbol).set_style(theme.style(role));
        }
    }
    if let (true, Some(limit)) = (line, spark.limit) {
        let x = area.x + wide as u16;
        buf[(x, area.y)].set_symbol(if theme.ascii { "|" } else { "┊" }).set_style(theme.style(Role::Dim));
        let mark = levels[(height(limit) - 1) as usize];
        buf[(x + 1, area.y)].set_symbol(mark).set_style(theme.style(Role::Warning));
    }
}

/// As many values as there are cells; the worst of those that share one.
fn squeeze(spark: &Spark<'_>, wide: usize) -> Vec<Option<f64>> {
    let each = spark.values.len().div_ceil(wide).max(1);
    let worst = |some: &[Option<f32>]| {
        let known = some.iter().flatten().map(|value| f64::from(*value)).filter(|value| value.is_finite());
        known.reduce(if spark.low { f64::min } else { f64::max })
    };
    spark.values.chunks(each).map(worst).collect()
}

fn span(spark: &Spark<'_>) -> (f64, f64) {
    if spark.percent {
        return (0.0, 100.0);
    }
    let known = spark.values.iter().flatten().map(|value| f64::from(*value)).filter(|value| value.is_finite());
    let all: Vec<f64> = known.chain(spark.limit.filter(|limit| limit.is_finite())).collect();
    let (least, most) = (all.iter().copied().fold(0.0, f64::min), all.iter().copied().fold(0.0, f64::max));
    if most > least { (least, most) } else { (least, least + 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(spark: &Spark<'_>, (wide, high): (u16, u16), ascii: bool) -> Vec<String> {
        let mut buf = Buffer::empty(Rect::new(0, 0, wide, high));
        draw(spark, &Theme::new("t", ascii, Default::default()), buf.area, &mut buf);
        let row = |y| (0..wide).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..high).map(row).collect()
    }

    fn spark(values: &[Option<f32>], limit: Option<f64>) -> Spark<'_> {
        Spark { values, limit, low: false, percent: true, roles: (Role::Warning, Role::Text) }
    }

    #[test]
    fn gaps_are_gaps_and_the_threshold_is_marked() {
        let values = [None, Some(0.0), Some(50.0), Some(100.0)];
        assert_eq!(drawn(&spark(&values, None), (4, 1), false), ["·▁▄█"]);
        assert_eq!(drawn(&spark(&values, Some(85.0)), (6, 1), false), ["·▁▄█┊▇"]);
        assert_eq!(drawn(&spark(&values, Some(85.0)), (6, 1), true), ["._-#|+"]);
        assert_eq!(drawn(&spark(&values, Some(85.0)), (4, 2), false), ["┄┄┄█", "·▁██"]);
    }

    #[test]
    fn the_worst_of_many_stands_for_them_and_no_number_breaks_it() {
        let values = [Some(10.0), Some(90.0), Some(20.0), Some(20.0)];
        assert_eq!(drawn(&spark(&values, None), (2, 1), false), ["▇▂"]);
        let odd = [Some(f32::NAN), Some(f32::INFINITY), Some(-5.0), Some(5.0)];
        let odd = Spark { percent: false, ..spark(&odd, Some(f64::NAN)) };
        assert_eq!(drawn(&odd, (4, 1), false).len(), 1);
        assert_eq!(drawn(&spark(&[], Some(1.0)), (1, 1), false), [""]);
    }
}
