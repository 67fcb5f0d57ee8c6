//! What YAML 1.1, as PyYAML reads it, makes of a plain scalar: `no` is false, `012` is ten, `12:30` is 750.
//!
//! Source: the resolver and constructor of PyYAML 6 (`resolver.py`, `constructor.py`), checked against it by
//! `tests/engine/inventory.rs`. What we cannot do exactly as Python does is [`Scalar::Unsure`], never a guess.

/// A plain scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Nothing, `~`, `null`.
    Null,
    /// `yes`, `off`, `True` ...
    Bool(bool),
    Int(i64),
    /// An integer that does not: canonical decimal digits, with sign.
    BigInt(String),
    /// A float; `1e3` is none, `1.0e+3` is.
    Float(f64),
    /// A date or a time without zone and fraction, as Python's `isoformat` prints it.
    Date(String),
    /// `<<`.
    Merge,
    /// Anything else: text.
    Text,
    /// Python gives it a type that we do not build; the words say which.
    Unsure(&'static str),
}

/// The type of the plain scalar `text`.
pub fn resolve(text: &str) -> Scalar {
    let Some(first) = text.bytes().next() else { return Scalar::Null };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'<' if text == "<<" => Scalar::Merge,
        b'=' if text == "=" => Scalar::Unsure("a value key (`=`)"),
        b'-' | b'+' | b'.' | b'0'..=b'9' => number(text),
        _ => Scalar::Text,
    }
}

fn word(text: &str) -> Scalar {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text,
    }
}

fn number(text: &str) -> Scalar {
    let (negative, body) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let Some(float) = float(body, body.len() < text.len()) {
        return match float {
            Some(f) => Scalar::Float(if negative { -f } else { f }),
            None => Scalar::Unsure("a number of the form 1:30.5"),
        };
    }
    integer(body, negative).unwrap_or_else(|| date(text))
}

/// `Some(None)`: a float that Python reads in base 60.
fn float(body: &str, signed: bool) -> Option<Option<f64>> {
    match body {
        ".inf" | ".Inf" | ".INF" => return Some(Some(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return (!signed).then_some(Some(f64::NAN)),
        _ => {}
    }
    let (whole, rest) = body.split_once('.')?;
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let starts = |s: &str| s.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    if let Some(e) = exponent {
        let power = e.strip_prefix(['-', '+'])?;
        if power.is_empty() || !power.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    }
    if !digits(fraction) {
        return None;
    }
    if whole.contains(':') {
        return (exponent.is_none() && sexagesimal(whole)).then_some(None);
    }
    let plain = starts(whole) && digits(whole);
    let bare = whole.is_empty() && starts(fraction) && !signed;
    (plain || bare).then(|| body.replace('_', "").parse().ok())
}

/// `[0-9][0-9_]*(:[0-5]?[0-9])+`
fn sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let head = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    head.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && head.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && !rest.is_empty()
        && rest.iter().all(|p| match p.as_bytes() {
            [a] => a.is_ascii_digit(),
            [a, b] => (b'0'..=b'5').contains(a) && b.is_ascii_digit(),
            _ => false,
        })
}

fn integer(body: &str, negative: bool) -> Option<Scalar> {
    let sign = |n: i64| Scalar::Int(if negative { -n } else { n });
    let radix = |digits: &str, radix: u32| {
        let digits = digits.replace('_', "");
        if digits.is_empty() {
            return Scalar::Unsure("a number without digits");
        }
        i64::from_str_radix(&digits, radix).map_or(Scalar::Unsure("a number of more than 63 bits"), sign)
    };
    let of = |s: &str, is: fn(u8) -> bool| !s.is_empty() && s.bytes().all(|b| b == b'_' || is(b));
    let first = body.bytes().next()?;
    if !first.is_ascii_digit() {
        return None;
    }
    if body == "0" {
        return Some(Scalar::Int(0));
    }
    if first == b'0' {
        let rest = &body[1..];
        if let Some(bits) = rest.strip_prefix('b') {
            return of(bits, |b| matches!(b, b'0' | b'1')).then(|| radix(bits, 2));
        }
        if let Some(hex) = rest.strip_prefix('x') {
            return of(hex, |b| b.is_ascii_hexdigit()).then(|| radix(hex, 16));
        }
        if !of(rest, |b| matches!(b, b'0'..=b'7')) {
            return None;
        }
        return Some(if rest.bytes().all(|b| b == b'_') { Scalar::Int(0) } else { radix(rest, 8) });
    }
    if body.contains(':') {
        return sexagesimal(body).then(|| base_60(body).map_or(Scalar::Unsure("a number of more than 63 bits"), sign));
    }
    if !of(body, |b| b.is_ascii_digit()) {
        return None;
    }
    let digits = body.replace('_', "");
    Some(match digits.parse() {
        Ok(n) => sign(n),
        Err(_) if digits.len() > 4000 => Scalar::Unsure("a number of more than 4000 digits"),
        Err(_) => Scalar::BigInt(if negative { format!("-{digits}") } else { digits }),
    })
}

fn base_60(body: &str) -> Option<i64> {
    let mut total = 0i64;
    for part in body.replace('_', "").split(':') {
        total = total.checked_mul(60)?.checked_add(part.parse().ok()?)?;
    }
    Some(total)
}

/// `2001-12-14`, `2001-12-14 21:59:43`; whatever else looks like a timestamp is not for us.
fn date(text: &str) -> Scalar {
    let b = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to).and_then(|s| s.parse::<u32>().ok());
    let digits = |from: usize, to: usize| b.get(from..to).is_some_and(|s| s.iter().all(u8::is_ascii_digit));
    if !(digits(0, 4) && b.get(4) == Some(&b'-')) {
        return Scalar::Text;
    }
    let simple = digits(5, 7) && b.get(7) == Some(&b'-') && digits(8, 10);
    let real = |y: u32, m: u32, d: u32| {
        let leap = (y.is_multiple_of(4) && !y.is_multiple_of(100)) || y.is_multiple_of(400);
        let days = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        y > 0 && (1..=12).contains(&m) && d > 0 && d <= days[m as usize - 1]
    };
    let valid = simple && real(number(0, 4).unwrap_or(0), number(5, 7).unwrap_or(0), number(8, 10).unwrap_or(0));
    if simple && b.len() == 10 {
        return if valid { Scalar::Date(text.into()) } else { Scalar::Unsure("a date that does not exist") };
    }
    let separated = matches!(b.get(10), Some(b'T' | b't' | b' '));
    let clock = digits(11, 13) && b.get(13) == Some(&b':') && digits(14, 16) && b.get(16) == Some(&b':');
    if simple && separated && clock && digits(17, 19) && b.len() == 19 {
        let fits = valid && number(11, 13) < Some(24) && number(14, 16) < Some(60) && number(17, 19) < Some(60);
        return if fits {
            Scalar::Date(format!("{}T{}", &text[..10], &text[11..]))
        } else {
            Scalar::Unsure("a time that does not exist")
        };
    }
    // YYYY-M-D with a time, a zone, a fraction: a timestamp too, unless it can't be one
    let stamp = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | '+' | 'T' | 't' | ' ' | '\t' | 'Z');
    let could_be = text.contains(':') && text.chars().all(stamp);
    if could_be { Scalar::Unsure("a timestamp with a zone or a fraction") } else { Scalar::Text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_traps_of_yaml_1_1() {
        let is = |text: &str, want: Scalar| assert_eq!(resolve(text), want, "{text}");
        is("no", Scalar::Bool(false));
        is("On", Scalar::Bool(true));
        is("y", Scalar::Text);
        is("012", Scalar::Int(10));
        is("08", Scalar::Text);
        is("0o12", Scalar::Text);
        is("0x_1F", Scalar::Int(31));
        is("12:30", Scalar::Int(750));
        is("1_000", Scalar::Int(1000));
        is("1e3", Scalar::Text);
        is("1.0e3", Scalar::Text);
        is("1.0e+3", Scalar::Float(1000.0));
        is("-.inf", Scalar::Float(f64::NEG_INFINITY));
        is("+.5", Scalar::Text);
        is("1.", Scalar::Float(1.0));
        is("1.2.3", Scalar::Text);
        is("", Scalar::Null);
        is("2001-02-03", Scalar::Date("2001-02-03".into()));
        is("2001-02-30", Scalar::Unsure("a date that does not exist"));
        is("99999999999999999999", Scalar::BigInt("99999999999999999999".into()));
        is("127.0.0.1", Scalar::Text);
    }
}
