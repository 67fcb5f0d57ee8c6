//! Host names with ranges, `db[01:10:3]-[a:c]`, expanded as Ansible does, its oddities included.

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Ranges may stand for so many hosts in an inventory, all together: fleets of 100,000 are real.
pub const MANY: usize = 1_000_000;

/// Why there are no names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Ansible refuses it too; what is wrong.
    Wrong(String),
    /// Only Python can say.
    Unsure(&'static str),
    /// More than is sane: Python would build them all.
    TooLarge(String),
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Wrong(what.into()))
}

/// All names of `pattern`; itself if it holds no range.
///
/// # Errors
/// A range that is none; more than `most` names, of which then none was made.
pub fn expand(pattern: &str, most: usize) -> Result<Vec<String>, Refusal> {
    if !pattern.contains('[') {
        return Ok(vec![pattern.to_owned()]);
    }
    let count = into(pattern, None)?;
    if count > most {
        let many = if count == usize::MAX { "too many".to_owned() } else { count.to_string() };
        let why = format!("`{pattern}` stands for {many} hosts; expected at most {MANY} by all ranges of an inventory");
        return Err(Refusal::TooLarge(why));
    }
    let mut names = Vec::with_capacity(count);
    into(pattern, Some(&mut names))?;
    Ok(names)
}

/// Adds the names; without a place for them only counts, by the first of each range: the ranges behind it are the same.
fn into(pattern: &str, mut names: Option<&mut Vec<String>>) -> Result<usize, Refusal> {
    // the first `[` and the first `]` wherever they stand: Ansible turns both into `|` and cuts there
    let marked = pattern.replacen('[', "|", 1).replacen(']', "|", 1);
    let parts: Vec<&str> = marked.split('|').collect();
    let [head, range, tail] = parts[..] else { return wrong(format!("`{pattern}` needs one `]` for each `[`")) };
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds[..] {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => return wrong(format!("`[{range}]` is no range; expected [begin:end] or [begin:end:step]")),
    };
    let begin = if begin.is_empty() { "0" } else { begin };
    if end.is_empty() {
        return wrong(format!("the range `[{range}]` has no end"));
    }
    let counts = names.is_none();
    let padded = begin.len() > 1 && begin.starts_with('0');
    if padded && begin.chars().count() != end.chars().count() {
        return wrong(format!("`[{range}]`: a begin with leading zeros needs an end of the same width"));
    }
    let width = if padded { begin.len() } else { 0 };
    let mut add = |text: &str| -> Result<usize, Refusal> {
        let fill = width.saturating_sub(text.len());
        let name = format!("{head}{}{text}{tail}", "0".repeat(fill));
        if name.contains('[') {
            return into(&name, names.as_deref_mut());
        }
        if let Some(names) = &mut names {
            names.push(name);
        }
        Ok(1)
    };
    if let (Some(from), Some(to)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if from > to {
            return wrong(format!("`[{range}]`: the begin comes after the end"));
        }
        return match int(step)? {
            Some(step) if step > 0 => {
                let step = usize::try_from(step).unwrap_or(usize::MAX);
                let mut letters = (from..=to).step_by(step).map(|at| &LETTERS[at..=at]);
                if counts {
                    return Ok(letters.clone().count().saturating_mul(letters.next().map_or(Ok(0), add)?));
                }
                letters.try_fold(0, |sum, letter| Ok(sum + add(letter)?))
            }
            Some(0) | None => wrong(format!("`[{range}]`: the step must be a number above 0")),
            Some(_) => Err(Refusal::Unsure("a negative step")),
        };
    }
    let (Some(from), Some(to), Some(step)) = (int(begin)?, int(end)?, int(step)?) else {
        return wrong(format!("`[{range}]` is no range; expected numbers or letters"));
    };
    match step {
        0 => wrong(format!("`[{range}]`: the step must not be 0")),
        ..0 => Err(Refusal::Unsure("a negative step")),
        _ if from > to => Ok(0),
        _ if counts => {
            let size = usize::try_from((to - from) / step).map_or(usize::MAX, |n| n.saturating_add(1));
            Ok(size.saturating_mul(add(&from.to_string())?))
        }
        _ => (0..=(to - from) / step).try_fold(0, |sum, n| Ok(sum + add(&(from + n * step).to_string())?)),
    }
}

/// Python's `int()` of plain digits. `Ok(None)`: it refuses.
fn int(text: &str) -> Result<Option<i64>, Refusal> {
    if text.contains(|c: char| c == '_' || c.is_whitespace() || !c.is_ascii() || c == '+' || c == '-' || c < ' ') {
        return Err(Refusal::Unsure("a number that Python reads in its own way"));
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(Some).map_err(|_| Refusal::Unsure("a very large number"));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let of = |p: &str| expand(p, MANY);
        let names = |p: &str| expand(p, MANY).unwrap().join(" ");
        assert_eq!(names("db[1:3]"), "db1 db2 db3");
        assert_eq!(names("db[01:10:4]-x"), "db01-x db05-x db09-x");
        assert_eq!(names("[a:c]"), "a b c");
        assert_eq!(names("h[1:2][a:b]"), "h1a h1b h2a h2b");
        assert_eq!(names("h[:2]"), "h0 h1 h2");
        assert_eq!(names("h[3:1]"), "");
        assert!(matches!(of("h[01:9]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1:]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[c:a]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1:3:0]"), Err(Refusal::Wrong(_))));
    }

    #[test]
    fn too_many_are_counted_before_any_is_made() {
        for pattern in
            ["h[0:99999999]", "h[0:9999][0:9999]", "[a:Z][a:Z][a:Z][a:Z]", "h[0:9223372036854775807]", "h[0:2]"]
        {
            assert!(matches!(expand(pattern, 2), Err(Refusal::TooLarge(_))), "{pattern}");
        }
        assert_eq!(expand("h[0:1]", 2).unwrap(), ["h0", "h1"]);
        let why =
            "`h[0:9999][0:9999]` stands for 100000000 hosts; expected at most 1000000 by all ranges of an inventory";
        assert_eq!(expand("h[0:9999][0:9999]", MANY), Err(Refusal::TooLarge(why.into())));
    }
}
