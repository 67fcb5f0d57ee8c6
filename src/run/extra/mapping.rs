//! `{"a": 1}` and `{a: 1}` behind an `-e`: JSON or YAML, as Ansible loads it.

use super::{Split, Variable, is_secret, unclear};
use crate::inventory::Value;
use crate::yaml::json::{Attempt, object};
use crate::yaml::{Kind, Mark, Node, ansible};
use zeroize::Zeroizing;

/// One entry of a mapping: the variable, its value as JSON, and where it begins, where that can be told.
type Entry = (String, Zeroizing<String>, Option<Mark>);

/// Splits it; every variable that stays has the value that it had.
///
/// # Errors
/// What only Ansible can read, where it looks as if a secret were in it.
pub fn split(text: &str) -> Result<Split, String> {
    let all = match entries(text) {
        Ok(all) => all,
        Err(why) => return unclear(text, &why),
    };
    // Python's own JSON has numbers (NaN) that others refuse: then by its name and text alone.
    let secret = |(name, json, _): &Entry| {
        let value = serde_json::from_str(json).unwrap_or_else(|_| serde_json::Value::from(json.as_str()));
        is_secret(name, &value)
    };
    let (goes, stays): (Vec<Entry>, Vec<Entry>) = all.iter().cloned().partition(secret);
    let take = |entries: Vec<Entry>| entries.into_iter().map(|(name, json, _)| (name, json)).collect::<Vec<Variable>>();
    if goes.is_empty() {
        return Ok(Split { rest: Some(text.to_owned()), secret: vec![] });
    }
    if stays.is_empty() {
        return Ok(Split { rest: None, secret: take(goes) });
    }
    // Cut out of the text; where it does not read as before (anchors, comments ...), none of it stays on the line.
    let rest = without(text, &all, &goes);
    match rest.as_deref().map(entries) {
        Some(Ok(kept)) if same(&kept, &stays) => Ok(Split { rest, secret: take(goes) }),
        _ => Ok(Split { rest: None, secret: take(all) }),
    }
}

/// Every variable of a mapping.
///
/// # Errors
/// It is none, or only Ansible can read it.
pub fn all(text: &str) -> Result<Vec<Variable>, String> {
    Ok(entries(text)?.into_iter().map(|(name, json, _)| (name, json)).collect())
}

fn same(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1 == b.1)
}

fn entries(text: &str) -> Result<Vec<Entry>, String> {
    // Never the error's own text: it may quote a value.
    let place = |mark: Mark| format!("line {}, column {}", mark.line, mark.column);
    let node = match object(text, true) {
        Attempt::Tree(node) => Some(node),
        Attempt::Unsure(mark, _) => return Err(place(mark)),
        Attempt::NotJson => ansible(text).map_err(|e| place(e.mark))?,
    };
    let Some(node @ Node { kind: Kind::Mapping(written), .. }) = &node else { return Err("no mapping".to_owned()) };
    let Value::Map(read) = Value::of(node).map_err(|(mark, _)| place(mark))? else {
        return Err("no mapping".to_owned());
    };
    // A merge or a repeated key: nobody can say where an entry stands.
    let plain = written.len() == read.len() && written.iter().zip(&*read).all(|(w, r)| w.0.text() == Some(&r.0));
    let of = read.iter().enumerate().map(|(n, (name, value))| {
        let mut json = Zeroizing::new(String::new());
        write(&mut json, value);
        let mark = written.get(n).filter(|_| plain).map(|(key, _)| key.mark);
        (name.to_string(), json, mark)
    });
    Ok(of.collect())
}

/// A value as JSON that Python reads back as the same, in the order written.
fn write(out: &mut String, value: &Value) {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
            out.push_str(&value.to_json());
        }
        Value::Text(words) => out.push_str(&text(words)),
        Value::Unsafe(words) => out.push_str(&format!("{{\"__ansible_unsafe\":{}}}", text(words))),
        Value::Vault(words) => out.push_str(&format!("{{\"__ansible_vault\":{}}}", text(words))),
        Value::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                write(out, item);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (n, (key, inner)) in entries.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                out.push_str(&text(key));
                out.push(':');
                write(out, inner);
            }
            out.push('}');
        }
    }
}

/// The text without some of its entries: each is what stands from its key to the next one's.
fn without(text: &str, all: &[Entry], goes: &[Entry]) -> Option<String> {
    let mut starts: Vec<(usize, bool)> = Vec::new();
    for (name, _, mark) in all {
        starts.push((byte(text, (*mark)?)?, goes.iter().any(|(gone, ..)| gone == name)));
    }
    let end = text.rfind('}')?;
    let mut kept = Vec::new();
    for (n, (start, gone)) in starts.iter().enumerate() {
        let until = starts.get(n + 1).map_or(end, |(next, _)| *next);
        if !gone {
            kept.push(text.get(*start..until)?.trim_end().trim_end_matches(',').trim_end());
        }
    }
    let open = text.find('{')?;
    Some(format!("{}{}{}", text.get(..=open)?, kept.join(", "), text.get(end..)?))
}

fn byte(text: &str, mark: Mark) -> Option<usize> {
    let line: usize = text.split_inclusive('\n').take(mark.line as usize - 1).map(str::len).sum();
    let column = text.get(line..)?.char_indices().nth(mark.column as usize - 1)?.0;
    Some(line + column)
}
