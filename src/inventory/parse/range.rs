//! Host names with ranges, `db[01:10:3]-[a:c]`, expanded as Ansible does, its oddities included.

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Ranges may stand for so many hosts in an inventory, all together: fleets of 100,000 are real.
pub const MANY: usize = 1_000_000;
/// Ranges of one name; Python gives up at some hundreds.
const RANGES: usize = 100;
/// Numbers from here on do not fit.
const BEYOND: i128 = 10_i128.pow(30);

/// Why there are no names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Ansible refuses it too; what is wrong.
    Wrong(String),
    /// Only Python can say.
    Unsure(&'static str),
    /// More than is sane, or nobody knows how many: Python would build them all.
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
    let mut names = Vec::with_capacity(count(pattern, most)?);
    into(pattern, Some(&mut names))?;
    Ok(names)
}

/// How many names `pattern` stands for, at the most; none is made.
pub fn count(pattern: &str, most: usize) -> Result<usize, Refusal> {
    if pattern.matches('[').count() > RANGES {
        return Err(Refusal::TooLarge(format!("a name has more than {RANGES} ranges")));
    }
    let count = into(pattern, None)?;
    if count > most {
        let many = if count == usize::MAX { "too many".to_owned() } else { count.to_string() };
        let why = format!("`{pattern}` stands for {many} hosts; expected at most {MANY} by all ranges of an inventory");
        return Err(Refusal::TooLarge(why));
    }
    Ok(count)
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
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let fill = width.saturating_sub(text.len());
        let name = format!("{head}{sign}{}{digits}{tail}", "0".repeat(fill));
        if name.contains('[') {
            return into(&name, names.as_deref_mut());
        }
        if let Some(names) = &mut names {
            names.push(name);
        }
        Ok(1)
    };
    // A range behind it that stands for no host is walked all the same, once for each name of this one.
    let product = |size: usize, each: usize| size.saturating_mul(each.max(1));
    if let (Some(from), Some(to)) = (LETTERS.find(begin), LETTERS.find(end)) {
        if from > to {
            return wrong(format!("`[{range}]`: the begin comes after the end"));
        }
        return match int(step)? {
            Some(step) if step > 0 => {
                let step = usize::try_from(step).unwrap_or(usize::MAX);
                let mut letters = (from..=to).step_by(step).map(|at| &LETTERS[at..=at]);
                if counts {
                    return Ok(product(letters.clone().count(), letters.next().map_or(Ok(0), add)?));
                }
                letters.try_fold(0, |sum, letter| Ok(sum + add(letter)?))
            }
            Some(0) | None => wrong(format!("`[{range}]`: the step must be a number above 0")),
            Some(_) => Ok(0),
        };
    }
    let (Some(from), Some(to), Some(step)) = (int(begin)?, int(end)?, int(step)?) else {
        return wrong(format!("`[{range}]` is no range; expected numbers or letters"));
    };
    if step == 0 {
        return wrong(format!("`[{range}]`: the step must not be 0"));
    }
    // Python's `range(from, to + 1, step)`
    let span = if step > 0 { to - from } else { from - to - 2 };
    let size = if span < 0 { 0 } else { span / step.abs() + 1 };
    if size == 0 || !counts {
        return (0..size).try_fold(0, |sum, n| Ok(sum + add(&(from + n * step).to_string())?));
    }
    let each = add(&from.to_string())?;
    // The nearest number that fits is another one.
    let fits = from.abs() < BEYOND && to.abs() < BEYOND;
    Ok(product(usize::try_from(size).ok().filter(|_| fits).unwrap_or(usize::MAX), each))
}

/// A number as Python's `int()` reads it; of one that does not fit the nearest that does. `Ok(None)`: it refuses.
fn int(text: &str) -> Result<Option<i128>, Refusal> {
    if text.chars().any(char::is_alphabetic) {
        return Ok(None);
    }
    if text.chars().any(|c| !c.is_ascii() || c.is_ascii_control() && !c.is_ascii_whitespace()) {
        let why =
            format!("how many hosts a range with `{text}` stands for cannot be told; expected digits from 0 to 9");
        return Err(Refusal::TooLarge(why));
    }
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.split('_').any(|part| part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit())) {
        return Ok(None);
    }
    let digits = digits.bytes().filter(u8::is_ascii_digit).map(|digit| i128::from(digit - b'0'));
    Ok(Some(sign * digits.fold(0, |number, digit| (number * 10 + digit).min(BEYOND))))
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
        assert_eq!(names("h[3:1:-1]"), "h3");
        assert_eq!(names("h[5:1:-2]"), "h5 h3");
        assert_eq!(names("h[-1:+1]"), "h-1 h0 h1");
        assert_eq!(names("h[01:-1:-1]"), "h01");
        assert_eq!(names("h[001:-03:-1]"), "h001 h000 h-01");
        assert_eq!(names("h[ 1 :0_2]"), "h1 h2");
        assert_eq!(names("h[1:5:99999999999999999999999]"), "h1");
        assert_eq!(names("h[99999999999999999999999:99999999999999999999999]"), "h99999999999999999999999");
        assert_eq!(names("h[99999999999999999999999:1]"), "");
        assert_eq!(names("h[c:e:-1]"), "");
        for wrong in ["h[1:2_]", "h[1:_2]", "h[1:--2]", "h[1:2:]", "h[1:ä]"] {
            assert!(matches!(of(wrong), Err(Refusal::Wrong(_))), "{wrong}");
        }
        assert!(matches!(of("h[01:9]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1:]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[c:a]"), Err(Refusal::Wrong(_))));
        assert!(matches!(of("h[1:3:0]"), Err(Refusal::Wrong(_))));
    }

    #[test]
    fn too_many_are_counted_before_any_is_made() {
        let nines = "9".repeat(60);
        let ranges = "[0:1]".repeat(10_000);
        for pattern in [
            "h[0:99999999]",
            "h[0:9999][0:9999]",
            "[a:Z][a:Z][a:Z][a:Z]",
            "h[0:9223372036854775807]",
            "h[0:2]",
            "h[1:99999999999999999999999]",
            "h[00000000000000000000001:99999999999999999999999]",
            "h[-99999999999999999999999:-1]",
            "h[-1:1]",
            "h[1:99999999999999999999999:2]",
            "h[99999999999999999999999:1:-1]",
            "h[ 1:99_999_999_999_999_999_999_999 ]",
            "h[+1:+99999999999999999999999]",
            "h[a:c][1:99999999999999999999999]",
            "h[1:99999999999][3:1]",
            "h[1:٣٣٣٣٣٣٣٣٣]",
            &format!("h[1:{nines}]"),
            &format!("h[-{nines}:{nines}]"),
            &format!("h[{nines}:{nines}]"),
            &ranges,
        ] {
            assert!(matches!(expand(pattern, 2), Err(Refusal::TooLarge(_))), "{pattern}");
        }
        assert_eq!(expand("h[0:1]", 2).unwrap(), ["h0", "h1"]);
        let why =
            "`h[0:9999][0:9999]` stands for 100000000 hosts; expected at most 1000000 by all ranges of an inventory";
        assert_eq!(expand("h[0:9999][0:9999]", MANY), Err(Refusal::TooLarge(why.into())));
        let why = "`h[1:99999999999999999999999]` stands for too many hosts; expected at most 1000000 by all ranges of an inventory";
        assert_eq!(expand("h[1:99999999999999999999999]", MANY), Err(Refusal::TooLarge(why.into())));
    }
}
