//! Host names with ranges, `db[01:10:3]-[a:c]`, expanded as Ansible does, its oddities included.

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// More hosts of one line are not for us.
const MANY: usize = 1_000_000;

/// Why there are no names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Ansible refuses it too; what is wrong.
    Wrong(String),
    /// Only Python can say.
    Unsure(&'static str),
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Wrong(what.into()))
}

/// All names of `pattern`; itself if it holds no range.
///
/// # Errors
/// A range that is none.
pub fn expand(pattern: &str) -> Result<Vec<String>, Refusal> {
    if !pattern.contains('[') {
        return Ok(vec![pattern.to_owned()]);
    }
    let mut names = Vec::new();
    into(pattern, &mut names)?;
    Ok(names)
}

fn into(pattern: &str, names: &mut Vec<String>) -> Result<(), Refusal> {
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
    let padded = begin.len() > 1 && begin.starts_with('0');
    if padded && begin.chars().count() != end.chars().count() {
        return wrong(format!("`[{range}]`: a begin with leading zeros needs an end of the same width"));
    }
    let width = if padded { begin.len() } else { 0 };
    let mut add = |text: &str| -> Result<(), Refusal> {
        let fill = width.saturating_sub(text.len());
        let name = format!("{head}{}{text}{tail}", "0".repeat(fill));
        if names.len() >= MANY {
            return Err(Refusal::Unsure("more than a million hosts in one range"));
        }
        if name.contains('[') {
            return into(&name, names);
        }
        names.push(name);
        Ok(())
    };
    if let (Some(from), Some(to)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if from > to {
            return wrong(format!("`[{range}]`: the begin comes after the end"));
        }
        return match int(step)? {
            Some(step) if step > 0 => {
                let step = usize::try_from(step).unwrap_or(usize::MAX);
                (from..=to).step_by(step).try_for_each(|at| add(&LETTERS[at..=at]))
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
        _ if (to.saturating_sub(from)) / step >= MANY as i64 => {
            Err(Refusal::Unsure("more than a million hosts in one range"))
        }
        _ => {
            let mut at = from;
            while at <= to {
                add(&at.to_string())?;
                at = at.saturating_add(step);
            }
            Ok(())
        }
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
        let names = |p: &str| expand(p).unwrap().join(" ");
        assert_eq!(names("db[1:3]"), "db1 db2 db3");
        assert_eq!(names("db[01:10:4]-x"), "db01-x db05-x db09-x");
        assert_eq!(names("[a:c]"), "a b c");
        assert_eq!(names("h[1:2][a:b]"), "h1a h1b h2a h2b");
        assert_eq!(names("h[:2]"), "h0 h1 h2");
        assert_eq!(names("h[3:1]"), "");
        assert!(matches!(expand("h[01:9]"), Err(Refusal::Wrong(_))));
        assert!(matches!(expand("h[1:]"), Err(Refusal::Wrong(_))));
        assert!(matches!(expand("h[1"), Err(Refusal::Wrong(_))));
        assert!(matches!(expand("h[c:a]"), Err(Refusal::Wrong(_))));
        assert!(matches!(expand("h[1:3:0]"), Err(Refusal::Wrong(_))));
    }
}
