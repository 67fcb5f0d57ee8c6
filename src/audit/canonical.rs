//! Canonical JSON (RFC 8785): one text for one value, so that two programs hash the same bytes.

use serde_json::{Number, Value};

/// The canonical text: keys sorted by UTF-16 code units, no spaces, numbers as ECMAScript writes them.
///
/// Integers beyond 2^53 have no exact form there and are rounded, as the RFC says; our records hold none.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&self::number(number)),
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            let mut sorted: Vec<_> = entries.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn number(number: &Number) -> String {
    const EXACT: u64 = 1 << 53;
    match (number.as_i64(), number.as_u64()) {
        (Some(n), _) if n.unsigned_abs() <= EXACT => n.to_string(),
        (_, Some(n)) if n <= EXACT => n.to_string(),
        _ => number.as_f64().map_or_else(|| "null".to_owned(), double),
    }
}

/// ECMAScript's `Number::toString`: shortest digits that read back the same, plain between 1e-7 and 1e21.
fn double(number: f64) -> String {
    if number == 0.0 {
        return "0".into();
    }
    let scientific = format!("{:e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |n: i32| "0".repeat(usize::try_from(n).unwrap_or(0));
    let text = if (count..=21).contains(&point) {
        format!("{digits}{}", zeros(point - count))
    } else if (1..=21).contains(&point) {
        let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{part}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if point > 0 { "+" } else { "-" };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{sign}{}", (point - 1).abs())
    };
    if number < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_by_utf16_and_control_characters_escaped() {
        let value =
            json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "ö": [true, null]});
        let expected =
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":[true,null],\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        assert_eq!(canonical(&value), expected);
        assert_eq!(
            canonical(&json!("\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}")),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\""
        );
    }

    #[test]
    fn numbers_are_those_of_the_rfc() {
        // appendix B of RFC 8785: bits of a double, and its text
        let cases: [(u64, &str); 14] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ];
        for (bits, text) in cases {
            assert_eq!(double(f64::from_bits(bits)), text);
        }
        assert_eq!(
            canonical(&json!([i64::MIN, 9_007_199_254_740_993_u64, -7])),
            "[-9223372036854776000,9007199254740992,-7]"
        );
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn doubles_and_texts_read_back_the_same(bits: u64, text in ".{0,20}") {
            let number = f64::from_bits(bits);
            if number.is_finite() {
                prop_assert_eq!(double(number).parse::<f64>().unwrap(), number);
            }
            let value = json!({ text.clone(): text });
            prop_assert_eq!(serde_json::from_str::<Value>(&canonical(&value)).unwrap(), value);
        }
    }
}
