//! Values of variables, as Ansible holds them. Cheap to clone: a range of a thousand hosts shares one value.

use super::Declined;
use crate::yaml::scalar::{self, Scalar};
use crate::yaml::{Kind, Mark, Node};
use std::collections::HashMap;
use std::sync::Arc;

/// A value of a variable.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None` in Python, `null` in JSON.
    Null,
    /// True or false.
    Bool(bool),
    Int(i64),
    /// An integer that does not: its decimal digits.
    BigInt(Arc<str>),
    /// A float; may be infinite or not a number, as in Python's JSON.
    Float(f64),
    /// Text that Ansible would template.
    Text(Arc<str>),
    /// Text that was marked `!unsafe`: never templated.
    Unsafe(Arc<str>),
    /// An encrypted value: the ciphertext, opaque.
    Vault(Arc<str>),
    List(Arc<[Value]>),
    /// A mapping, in the order written. Keys are already what JSON makes of them.
    Map(Arc<[(Arc<str>, Value)]>),
}

/// What PyYAML makes of a key before it is text.
#[derive(PartialEq)]
enum Typed {
    Text,
    Other,
}

/// Why a node has no value that we would build exactly as Ansible does; and where.
pub type Unsure = (Mark, String);

impl Value {
    /// What Ansible makes of a YAML node.
    ///
    /// # Errors
    /// The place and reason where Ansible would refuse the node, or would give it a type that we do not build.
    pub fn of(node: &Node) -> Result<Value, Unsure> {
        build(node, false)
    }

    /// True if an encrypted value is this or lies within.
    pub fn is_vaulted(&self) -> bool {
        match self {
            Value::Vault(_) => true,
            Value::List(items) => items.iter().any(Value::is_vaulted),
            Value::Map(entries) => entries.iter().any(|(_, v)| v.is_vaulted()),
            _ => false,
        }
    }

    /// The truth that Python sees in it.
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(b) => *b,
            Value::Int(n) => *n != 0,
            Value::Float(f) => *f != 0.0,
            Value::Text(s) | Value::Unsafe(s) => !s.is_empty(),
            Value::BigInt(_) | Value::Vault(_) => true,
            Value::List(items) => !items.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
        }
    }
}

const CORE: &str = "tag:yaml.org,2002:";

fn build(node: &Node, marked_unsafe: bool) -> Result<Value, Unsure> {
    let tag = node.tag.as_deref();
    match &node.kind {
        Kind::Sequence(items) => {
            let inner = collection_tag(node, "seq", marked_unsafe)?;
            Ok(Value::List(items.iter().map(|item| build(item, inner)).collect::<Result<_, _>>()?))
        }
        Kind::Mapping(_) => {
            let inner = collection_tag(node, "map", marked_unsafe)?;
            let entries = entries(node, inner)?;
            Ok(Value::Map(entries.into_iter().map(|(key, _, value)| (key, value)).collect()))
        }
        Kind::Scalar { text, plain } => {
            let words = |s: &str| if marked_unsafe { Value::Unsafe(s.into()) } else { Value::Text(s.into()) };
            match tag {
                None if *plain => typed(node, text, marked_unsafe),
                None => Ok(words(text)),
                Some("!unsafe") => typed(node, text, true),
                Some("!vault" | "!vault-encrypted") => match scalar::resolve(text) {
                    Scalar::Text => Ok(Value::Vault(text.as_str().into())),
                    _ => Err((node.mark, "`!vault` on something that is no text".into())),
                },
                Some(t) if t.strip_prefix(CORE) == Some("str") => Ok(words(text)),
                Some(t) if t.strip_prefix(CORE) == Some("float") => {
                    match (scalar::resolve(text), text.parse::<f64>()) {
                        (Scalar::Float(f), _) | (Scalar::Text, Ok(f)) => Ok(Value::Float(f)),
                        _ => Err(tag_refused(node, t)),
                    }
                }
                Some(t) => {
                    let value = typed(node, text, marked_unsafe)?;
                    let fits = match t.strip_prefix(CORE) {
                        Some("int") => matches!(value, Value::Int(_) | Value::BigInt(_)),
                        Some("bool") => matches!(value, Value::Bool(_)),
                        Some("null") => matches!(value, Value::Null),
                        _ => false,
                    };
                    if fits { Ok(value) } else { Err(tag_refused(node, t)) }
                }
            }
        }
    }
}

fn tag_refused(node: &Node, tag: &str) -> Unsure {
    (node.mark, format!("the tag `{tag}`"))
}

/// True: what lies within is marked unsafe.
fn collection_tag(node: &Node, own: &str, marked_unsafe: bool) -> Result<bool, Unsure> {
    match node.tag.as_deref() {
        None => Ok(marked_unsafe),
        Some("!unsafe") => Ok(true),
        Some(tag) if tag.strip_prefix(CORE) == Some(own) => Ok(marked_unsafe),
        Some(tag) => Err(tag_refused(node, tag)),
    }
}

fn typed(node: &Node, text: &str, marked_unsafe: bool) -> Result<Value, Unsure> {
    Ok(match scalar::resolve(text) {
        Scalar::Null => Value::Null,
        Scalar::Bool(b) => Value::Bool(b),
        Scalar::Int(n) => Value::Int(n),
        Scalar::BigInt(digits) => Value::BigInt(digits.into()),
        Scalar::Float(f) => Value::Float(f),
        // `isoformat` makes it text in JSON; it is no text that could be unsafe
        Scalar::Date(iso) => Value::Text(iso.into()),
        Scalar::Text if marked_unsafe => Value::Unsafe(text.into()),
        Scalar::Text => Value::Text(text.into()),
        Scalar::Merge => return Err((node.mark, "a merge mark (`<<`) where a value belongs".into())),
        Scalar::Unsure(what) => return Err((node.mark, what.into())),
    })
}

/// One entry of a mapping: the key as text, the key's own node, the value.
pub type Entry<'a> = (Arc<str>, &'a Node, Value);

/// The entries of a mapping with merges (`<<`) and repeated keys resolved, values built.
pub fn entries(node: &Node, marked_unsafe: bool) -> Result<Vec<Entry<'_>>, Unsure> {
    flat(node)?.into_iter().map(|(key, at, value)| Ok((key, at, build(value, marked_unsafe)?))).collect()
}

/// The key as text, its node, the value's node.
pub type Pair<'a> = (Arc<str>, &'a Node, &'a Node);

/// The entries of a mapping with merges (`<<`) and repeated keys resolved: later wins, in the first one's place.
///
/// # Errors
/// A key that is no plain text, number or truth value; a merge of something that is no mapping.
pub fn flat(node: &Node) -> Result<Vec<Pair<'_>>, Unsure> {
    let mut found: Vec<(Arc<str>, Typed, &Node, &Node)> = Vec::new();
    let mut seen: HashMap<Arc<str>, usize> = HashMap::new();
    for (key_node, value) in pairs(node)? {
        let (key, typed) = key(key_node)?;
        match seen.get(&key) {
            Some(at) if found[*at].1 != typed || typed == Typed::Other => {
                return Err((key_node.mark, format!("the key `{key}` stands twice with different types")));
            }
            Some(at) => {
                // Python builds the value that loses too, and may fail on it
                build(found[*at].3, false)?;
                (found[*at].2, found[*at].3) = (key_node, value);
            }
            None => {
                seen.insert(key.clone(), found.len());
                found.push((key, typed, key_node, value));
            }
        }
    }
    // Python: 1 and True are one key, 0 and False another
    for (number, truth) in [("0", "false"), ("1", "true")] {
        let other = |name| found.iter().find(|(key, typed, ..)| &**key == name && *typed == Typed::Other);
        if let (Some(_), Some((_, _, at, _))) = (other(number), other(truth)) {
            return Err((at.mark, format!("the keys `{truth}` and `{number}` are one in Python")));
        }
    }
    Ok(found.into_iter().map(|(key, _, at, value)| (key, at, value)).collect())
}

/// Merged pairs come first, so that the mapping's own win; in a list of merges the first wins.
fn pairs(node: &Node) -> Result<Vec<(&Node, &Node)>, Unsure> {
    let mut merged = Vec::new();
    let mut own = Vec::new();
    for (key, value) in node.entries() {
        let is_merge = key.tag.is_none() && matches!(&key.kind, Kind::Scalar { text, plain: true } if text == "<<");
        if !is_merge {
            own.push((key, value));
            continue;
        }
        match &value.kind {
            Kind::Mapping(_) => merged.extend(pairs(value)?),
            Kind::Sequence(items) => {
                for item in items.iter().rev() {
                    match item.kind {
                        Kind::Mapping(_) => merged.extend(pairs(item)?),
                        _ => return Err((item.mark, "a merge (`<<`) of something that is no mapping".into())),
                    }
                }
            }
            Kind::Scalar { .. } => return Err((value.mark, "a merge (`<<`) of something that is no mapping".into())),
        }
    }
    merged.extend(own);
    Ok(merged)
}

/// What JSON makes of a key; keys that JSON refuses, and floats, are not for us.
fn key(node: &Node) -> Result<(Arc<str>, Typed), Unsure> {
    match build(node, false)? {
        Value::Text(text) => {
            let dated = matches!(&node.kind, Kind::Scalar { text: t, plain: true } if *t != *text);
            let dated = dated
                || matches!(&node.kind, Kind::Scalar { text: t, plain: true }
                if matches!(scalar::resolve(t), Scalar::Date(_)));
            if dated { Err((node.mark, "a date as a key".into())) } else { Ok((text, Typed::Text)) }
        }
        Value::Int(n) => Ok((n.to_string().into(), Typed::Other)),
        Value::Bool(b) => Ok((if b { "true" } else { "false" }.into(), Typed::Other)),
        Value::Null => Ok(("null".into(), Typed::Other)),
        _ => Err((node.mark, "a key that is no plain text".into())),
    }
}

/// True if the node is text for Ansible: quoted, or plain without another type.
pub fn is_text(node: &Node) -> bool {
    matches!(build(node, false), Ok(Value::Text(_))) && !matches!(key(node), Err(_) | Ok((_, Typed::Other)))
}

/// Puts a file's name to a place and reason.
pub fn declined(file: &std::path::Path, (mark, why): Unsure) -> Declined {
    Declined { file: Some(file.to_path_buf()), mark: Some(mark), why, hopeless: false }
}
