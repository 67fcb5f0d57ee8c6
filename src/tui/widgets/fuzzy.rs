//! Fuzzy ranking of a few hundred candidates; finds "munchen" in "münchen".

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The candidates that match, best first; all of them in their own order where nothing was typed.
pub fn rank<T>(typed: &str, candidates: Vec<T>, text: impl Fn(&T) -> String) -> Vec<T> {
    if typed.trim().is_empty() {
        return candidates;
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    // What was typed whole comes before longer names that begin with it: for the matcher they are alike.
    let mut scored: Vec<((bool, u32), T)> = candidates
        .into_iter()
        .filter_map(|c| {
            let text = text(&c);
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            Some(((text == typed.trim(), score), c))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, c)| c).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_best_comes_first_and_marks_over_letters_do_not_matter() {
        let names = vec!["user", "service", "systemd_service", "münchen"];
        assert_eq!(super::rank("serv", names.clone(), |n| (*n).to_owned())[0], "service");
        assert_eq!(super::rank("munchen", names.clone(), |n| (*n).to_owned()), ["münchen"]);
        assert_eq!(super::rank(" ", names.clone(), |n| (*n).to_owned()), names);
    }
}
