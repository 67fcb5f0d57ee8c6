//! Which lines of an output differ from another: the longest common part stays, the rest is marked. Pure.

use serde::Serialize;

/// A line of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How it stands to what most hosts said.
    pub mark: Mark,
    /// Its text, safe for a terminal.
    pub text: String,
}

/// How a line stands to what most hosts said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// They said it too, or there is nothing to compare with.
    Same,
    /// Only here.
    Added,
    /// They said it, this group did not.
    Missing,
}

/// Lines of one output beyond which only equal places are compared: the exact way costs their product.
const EXACT: usize = 600;

/// The lines of `own`, marked against `most`, with what is missing where it stood.
pub(super) fn marks(most: &[String], own: &[String]) -> Vec<Line> {
    let line = |mark, text: &String| Line { mark, text: text.clone() };
    let begin = most.iter().zip(own).take_while(|(a, b)| a == b).count();
    let (a, b) = (&most[begin..], &own[begin..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - end], &b[..b.len() - end]);
    let mut lines: Vec<Line> = own[..begin].iter().map(|l| line(Mark::Same, l)).collect();
    if a.len() > EXACT || b.len() > EXACT {
        lines.extend(a.iter().map(|l| line(Mark::Missing, l)));
        lines.extend(b.iter().map(|l| line(Mark::Added, l)));
    } else {
        middle(a, b, &mut lines);
    }
    lines.extend(own[own.len() - end..].iter().map(|l| line(Mark::Same, l)));
    lines
}

/// The longest common subsequence, by the table that every textbook has.
fn middle(a: &[String], b: &[String], lines: &mut Vec<Line>) {
    let width = b.len() + 1;
    let mut table = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = match a[i] == b[j] {
                true => table[(i + 1) * width + j + 1] + 1,
                false => table[(i + 1) * width + j].max(table[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let (mark, text) = if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
            (Mark::Same, &b[j - 1])
        } else if j >= b.len() || (i < a.len() && table[(i + 1) * width + j] >= table[i * width + j + 1]) {
            i += 1;
            (Mark::Missing, &a[i - 1])
        } else {
            j += 1;
            (Mark::Added, &b[j - 1])
        };
        lines.push(Line { mark, text: text.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn both_outputs_can_be_read_back(a in proptest::collection::vec("[abc]", 0..9), b in proptest::collection::vec("[abc]", 0..9)) {
            let lines = marks(&a, &b);
            let of = |not: Mark| -> Vec<String> {
                lines.iter().filter(|l| l.mark != not).map(|l| l.text.clone()).collect()
            };
            prop_assert_eq!(of(Mark::Missing), b);
            prop_assert_eq!(of(Mark::Added), a);
        }
    }
}
