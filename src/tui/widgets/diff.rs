//! A unified diff of two texts, as Ansible's own `--diff` shows it: what was removed, what was added, three lines around.

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Same(String),
    /// Only before.
    Removed(String),
    /// Only after.
    Added(String),
    /// So many unchanged lines are left out.
    Gap(usize),
}

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Above so many cells the exact comparison is left: everything between the common ends is shown as replaced.
const MAX_CELLS: usize = 1_000_000;

pub fn lines(before: &str, after: &str) -> Vec<Line> {
    let a: Vec<&str> = before.lines().collect();
    let b: Vec<&str> = after.lines().collect();
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let mut all: Vec<Line> = a[..head].iter().map(|s| Line::Same((*s).to_owned())).collect();
    middle(&a[head..a.len() - tail], &b[head..b.len() - tail], &mut all);
    all.extend(a[a.len() - tail..].iter().map(|s| Line::Same((*s).to_owned())));
    fold_context(all)
}

/// The longest common subsequence of what differs, by the classic table.
fn middle(a: &[&str], b: &[&str], out: &mut Vec<Line>) {
    let removed = |s: &&str| Line::Removed((*s).to_owned());
    let added = |s: &&str| Line::Added((*s).to_owned());
    let w = b.len() + 1;
    if a.len().saturating_mul(b.len()) > MAX_CELLS {
        out.extend(a.iter().map(removed));
        out.extend(b.iter().map(added));
        return;
    }
    let mut table = vec![0u32; (a.len() + 1) * w];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * w + j] = if a[i] == b[j] {
                table[(i + 1) * w + j + 1] + 1
            } else {
                table[(i + 1) * w + j].max(table[i * w + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            out.push(Line::Same(a[i].to_owned()));
            (i, j) = (i + 1, j + 1);
        } else if table[(i + 1) * w + j] >= table[i * w + j + 1] {
            out.push(removed(&a[i]));
            i += 1;
        } else {
            out.push(added(&b[j]));
            j += 1;
        }
    }
    out.extend(a[i..].iter().map(removed));
    out.extend(b[j..].iter().map(added));
}

/// Leaves out unchanged lines far from any change.
fn fold_context(all: Vec<Line>) -> Vec<Line> {
    let changed: Vec<usize> =
        all.iter().enumerate().filter(|(_, l)| !matches!(l, Line::Same(_))).map(|(i, _)| i).collect();
    let mut out = Vec::new();
    let mut gap = 0;
    for (i, line) in all.into_iter().enumerate() {
        let next = changed.partition_point(|&c| c < i);
        let near = changed.get(next).is_some_and(|c| c - i <= CONTEXT)
            || next.checked_sub(1).is_some_and(|p| i - changed[p] <= CONTEXT);
        if near {
            if gap > 0 {
                out.push(Line::Gap(std::mem::take(&mut gap)));
            }
            out.push(line);
        } else {
            gap += 1;
        }
    }
    if gap > 0 && !out.is_empty() {
        out.push(Line::Gap(gap));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts, taken back out of a diff without gaps.
    fn sides(d: &[Line]) -> (Vec<&str>, Vec<&str>) {
        let (mut a, mut b) = (vec![], vec![]);
        for l in d {
            match l {
                Line::Same(s) => {
                    a.push(s.as_str());
                    b.push(s.as_str());
                }
                Line::Removed(s) => a.push(s),
                Line::Added(s) => b.push(s),
                Line::Gap(_) => {}
            }
        }
        (a, b)
    }

    #[test]
    fn shows_the_change_with_three_lines_around() {
        let before = (1..=20).map(|n| format!("{n}\n")).collect::<String>();
        let d = lines(&before, &before.replace("10\n", "ten\n"));
        assert_eq!(d.first(), Some(&Line::Gap(6)));
        assert_eq!(d.last(), Some(&Line::Gap(7)));
        assert_eq!(d.len(), 2 + 3 + 2 + 3);
        assert_eq!(lines("a\n", "a\n"), vec![]);
        assert_eq!(lines("", "new\n"), vec![Line::Added("new".into())]);
    }

    proptest::proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn both_sides_can_be_read_back(a in "[ab\n]{0,12}", b in "[ab\n]{0,12}") {
            let d = lines(&a, &b);
            if !d.iter().any(|l| matches!(l, Line::Gap(_))) && a.lines().ne(b.lines()) {
                let (x, y) = sides(&d);
                proptest::prop_assert_eq!(x, a.lines().collect::<Vec<_>>());
                proptest::prop_assert_eq!(y, b.lines().collect::<Vec<_>>());
            }
        }
    }
}
