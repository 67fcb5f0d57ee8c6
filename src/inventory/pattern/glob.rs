//! Shell globs as Python's `fnmatch` reads them.

#[derive(Debug)]
pub struct Glob(Vec<Part>);

#[derive(Debug)]
enum Part {
    One(char),
    Any,
    Many,
    /// Ranges of characters; true: none of them.
    Class(Vec<(char, char)>, bool),
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// A class whose meaning has changed between versions of Python.
    pub fn new(pattern: &str) -> Result<Self, &'static str> {
        let chars: Vec<char> = pattern.chars().collect();
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(c) = chars.get(at) {
            at += 1;
            parts.push(match c {
                '*' => Part::Many,
                '?' => Part::Any,
                '[' => {
                    let mut end = at;
                    end += usize::from(chars.get(end) == Some(&'!'));
                    end += usize::from(chars.get(end) == Some(&']'));
                    while chars.get(end).is_some_and(|c| *c != ']') {
                        end += 1;
                    }
                    if end >= chars.len() {
                        Part::One('[')
                    } else {
                        let class = class(&chars[at..end])?;
                        at = end + 1;
                        class
                    }
                }
                c => Part::One(*c),
            });
        }
        Ok(Self(parts))
    }

    /// True if the whole name matches.
    pub fn is_match(&self, name: &str) -> bool {
        let chars: Vec<char> = name.chars().collect();
        let (mut part, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            let fits = match (self.0.get(part), chars.get(at)) {
                (Some(Part::Many), _) => {
                    star = Some((part, at));
                    part += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(Part::One(want)), Some(c)) => want == c,
                (Some(Part::Any), Some(_)) => true,
                (Some(Part::Class(ranges, none)), Some(c)) => {
                    ranges.iter().any(|(from, to)| from <= c && c <= to) != *none
                }
                _ => false,
            };
            if fits {
                (part, at) = (part + 1, at + 1);
            } else {
                match star {
                    Some((star_part, star_at)) if star_at < chars.len() => {
                        star = Some((star_part, star_at + 1));
                        (part, at) = (star_part + 1, star_at + 1);
                    }
                    _ => return false,
                }
            }
        }
    }
}

fn class(inside: &[char]) -> Result<Part, &'static str> {
    let (none, items) = match inside.split_first() {
        Some(('!', rest)) => (true, rest),
        _ => (false, inside),
    };
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let from = items[at];
        // a `-` between two characters makes a range; first or last it is itself
        if items.get(at + 1) == Some(&'-') && at + 2 < items.len() {
            let to = items[at + 2];
            if from > to || from == '-' || to == '-' {
                return Err("a class of characters whose range runs backwards");
            }
            ranges.push((from, to));
            at += 3;
        } else {
            ranges.push((from, from));
            at += 1;
        }
    }
    Ok(Part::Class(ranges, none))
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn globs() {
        let is = |glob: &str, name: &str| Glob::new(glob).unwrap().is_match(name);
        assert!(is("web*", "web1.example.com"));
        assert!(is("*1*.com", "web1.example.com"));
        assert!(!is("web?", "web"));
        assert!(is("web[0-3]", "web2"));
        assert!(!is("web[!0-3]", "web2"));
        assert!(is("[]a]", "]"));
        assert!(is("[a-]", "-"));
        assert!(is("[x", "[x"));
        assert!(is("ж?", "жя"));
        assert!(is("*", ""));
        assert!(Glob::new("[z-a]").is_err());
    }
}
