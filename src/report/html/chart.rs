//! Charts as SVG that stands in the page. A chart repeats the figures of the table beside it, and so is hidden from
//! readers that speak; its colours come from the page's style.

use crate::report::layout;
use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Text, Title};

/// The width of a bar's field, of which its parts are shares.
const FULL: f64 = 100.0;
const BAR: f64 = 12.0;

/// A drawing without a size of its own, hidden from readers that speak.
fn drawing(class: &str, width: f64, height: f64) -> Document {
    Document::new()
        .set("class", class)
        .set("viewBox", (0.0, 0.0, width, height))
        .set("aria-hidden", "true")
        .set("focusable", "false")
}

fn rectangle(class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) -> Rectangle {
    let at = |value: f64| (value * 100.0).round() / 100.0;
    Rectangle::new()
        .set("class", class)
        .set("x", at(x))
        .set("y", at(y))
        .set("width", at(width))
        .set("height", at(height))
}

/// Two counts as parts of a bar, on the scale of the largest bar of its table.
pub fn bar(deviation: u64, review: u64, largest: u64) -> String {
    let share = |count: u64| FULL * count as f64 / largest.max(1) as f64;
    let bar = drawing("bar", FULL, BAR).set("preserveAspectRatio", "none");
    let first = rectangle("a", (0.0, 0.0), (share(deviation), BAR));
    bar.add(first).add(rectangle("b", (share(deviation), 0.0), (share(review), BAR))).to_string()
}

/// Two sums of one currency on the two sides of an axis, as shares of the larger.
pub fn sides(under: f64, over: f64) -> String {
    let half = FULL / 2.0;
    let share = |sum: f64| half * sum / under.max(over).max(f64::MIN_POSITIVE);
    let drawing = drawing("bar", FULL, BAR).set("preserveAspectRatio", "none");
    let drawing = drawing.add(rectangle("b", (half - share(under), 0.0), (share(under), BAR)));
    let drawing = drawing.add(rectangle("a", (half, 0.0), (share(over), BAR)));
    drawing.add(rectangle("axis", (half - 0.15, 0.0), (0.3, BAR))).to_string()
}

/// A month with its counts.
pub struct Month {
    /// As `2026-07`.
    pub name: String,
    /// Deviations.
    pub deviation: u64,
    /// For a person to judge.
    pub review: u64,
}

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 44.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 24.0;
/// No more names of months than this stand below the columns.
const NAMES: usize = 9;

/// Columns of months.
pub fn months(months: &[Month]) -> String {
    let most = months.iter().map(|month| month.deviation + month.review).max().unwrap_or_default().max(1);
    let step = step(most);
    let top = most.div_ceil(step) * step;
    let height = |count: u64| (HEIGHT - TOP - BOTTOM) * count as f64 / top as f64;
    let base = HEIGHT - BOTTOM;
    let mut chart = drawing("columns", WIDTH, HEIGHT);
    for count in (0..=top).step_by(step.max(1) as usize) {
        let y = base - height(count);
        chart = chart.add(Line::new().set("x1", LEFT).set("x2", WIDTH).set("y1", y).set("y2", y));
        chart = chart.add(label(layout::count(count), LEFT - 8.0, y + 4.0, "end"));
    }
    let room = (WIDTH - LEFT) / months.len().max(1) as f64;
    let named = months.len().div_ceil(NAMES).max(1);
    for (at, month) in months.iter().enumerate() {
        let width = (room * 0.6).min(64.0);
        let x = LEFT + room * at as f64 + (room - width) / 2.0;
        let (first, second) = (height(month.deviation), height(month.review));
        let title = format!("{}: {} deviations, {} for review", month.name, month.deviation, month.review);
        let column = Group::new().add(Title::new(title)).add(rectangle("a", (x, base - first), (width, first)));
        chart = chart.add(column.add(rectangle("b", (x, base - first - second), (width, second))));
        if at % named == 0 {
            chart = chart.add(label(month.name.clone(), x + width / 2.0, HEIGHT - 6.0, "middle"));
        }
    }
    chart.to_string()
}

fn label(words: String, x: f64, y: f64, anchor: &str) -> Text {
    let at = |value: f64| (value * 10.0).round() / 10.0;
    Text::new(words).set("x", at(x)).set("y", at(y)).set("text-anchor", anchor)
}

/// A round step that divides a scale into about four.
fn step(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if most <= 4 * factor * step {
                return factor * step;
            }
        }
        match step.checked_mul(10) {
            Some(next) => step = next,
            None => return step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (most, expected) in
            [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (20, 5), (21, 10), (160, 50), (100_000, 50_000)]
        {
            assert_eq!(step(most), expected, "{most}");
        }
    }

    #[test]
    fn what_a_chart_names_is_text() {
        let month = Month { name: "<script>&".to_owned(), deviation: 1, review: 0 };
        assert!(!months(&[month]).contains("<script"));
    }

    #[test]
    fn nothing_at_all_can_be_drawn() {
        for chart in [bar(0, 0, 0), sides(0.0, 0.0), months(&[])] {
            assert!(chart.starts_with("<svg") && !chart.contains("NaN") && !chart.contains("inf"), "{chart}");
        }
    }
}
