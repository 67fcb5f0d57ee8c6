//! The search line of the Audit screen: `since:2h operator:bob status:failure nginx`. Pure.

use crate::audit::{Filter, Standing};
use crate::text::moment;
use crate::tui::msg::Now;

/// What a search line asks for.
///
/// # Errors
/// What is wrong with which word, and what was expected.
pub fn parse(line: &str, now: Now) -> Result<Filter, String> {
    let zone = jiff::tz::Offset::from_seconds(now.offset).unwrap_or(jiff::tz::Offset::UTC).to_time_zone();
    let at = jiff::Timestamp::from_millisecond(now.ms).map_err(|e| e.to_string())?.to_zoned(zone);
    let mut filter = Filter::default();
    let mut words = Vec::new();
    for word in line.split_whitespace() {
        let Some((key, value)) = word.split_once(':').filter(|(k, v)| !v.is_empty() && KEYS.contains(k)) else {
            // A forgotten value is not a search for the word itself.
            if let Some(key) = word.strip_suffix(':').filter(|k| KEYS.contains(k)) {
                return Err(format!("{key}: wants a value right behind the colon"));
            }
            words.push(word);
            continue;
        };
        let text = Some(value.to_owned());
        match key {
            "since" => {
                filter.since = Some(moment::parse(value, &at, false).map_err(|e| format!("since:{value}: {e}"))?)
            }
            "until" => filter.until = Some(moment::parse(value, &at, true).map_err(|e| format!("until:{value}: {e}"))?),
            "status" => {
                let standing: Standing = value.parse().map_err(|e| format!("status:{value}: {e}"))?;
                (filter.status, filter.phase) = (standing.status, standing.phase);
            }
            "operator" => filter.operator = text,
            "env" => filter.env = text,
            _ => filter.run = text,
        }
    }
    filter.text = (!words.is_empty()).then(|| words.join(" "));
    Ok(filter)
}

/// Words that may stand before a colon.
const KEYS: [&str; 6] = ["since", "until", "operator", "status", "env", "run"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Status;

    const NOW: Now = Now { ms: 1_795_442_527_000, offset: 0 };

    #[test]
    fn words_and_keys_in_any_order() {
        let filter = parse("nginx since:2h operator:bob restarted status:failure env:prod", NOW);
        let expected = Filter {
            since: Some(NOW.ms - 7_200_000),
            operator: Some("bob".into()),
            status: Some(Status::Failure),
            env: Some("prod".into()),
            text: Some("nginx restarted".into()),
            ..Filter::default()
        };
        assert_eq!(filter, Ok(expected));
        let denied = Filter { phase: Some(crate::audit::Phase::Denied), ..Filter::default() };
        assert_eq!(parse("status:denied", NOW), Ok(denied));
        assert_eq!(parse("  ", NOW), Ok(Filter::default()));
        assert_eq!(parse("http://x", NOW).map(|f| f.text), Ok(Some("http://x".into())));
    }

    #[test]
    fn mistakes_name_the_word_and_what_was_expected() {
        assert!(parse("status:bad", NOW).is_err_and(|e| e.contains("status:bad") && e.contains("failure")));
        assert!(parse("since:soon", NOW).is_err_and(|e| e.contains("since:soon") && e.contains("2h")));
        assert!(parse("operator: bob", NOW).is_err_and(|e| e.contains("operator")));
    }
}
