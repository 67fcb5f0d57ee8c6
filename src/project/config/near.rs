//! "Did you mean ...?": the nearest of some words.

/// The candidate nearest to `word`, if one is near enough to be a slip of the fingers.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    if word.chars().count() > 64 {
        return None;
    }
    let scored = candidates.into_iter().map(|c| (distance(&word, &c.to_lowercase()), c));
    let (far, best) = scored.min_by_key(|(distance, _)| *distance)?;
    let most = 1 + best.chars().count() / 4;
    (far <= most.min(word.chars().count().saturating_sub(1))).then_some(best)
}

/// Edits from one word to another, two letters swapped counting as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let same = usize::from(a[i - 1] != b[j - 1]);
                let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_understood_and_other_words_are_not() {
        let keys = ["inventory", "colour", "protect", "key"];
        assert_eq!(nearest("color", keys), Some("colour"));
        assert_eq!(nearest("Inventroy", keys), Some("inventory"));
        assert_eq!(nearest("kye", keys), Some("key"));
        assert_eq!(nearest("banana", keys), None);
        assert_eq!(nearest("x", keys), None);
        assert_eq!(nearest("", keys), None);
    }
}
