//! YAML is read as libyaml reads it, which Ansible's loader uses: the same texts are accepted, with the same trees in the same
//! places. Texts written for it, and thousands that chance made of them; `OPSDECK_SEED` for the same again, `OPSDECK_TEXTS`
//! for more. Needs the Python of an Ansible on PATH.

mod texts;

use crate::support::chance::{Chance, number, seed};
use opsdeck::yaml::scalar::{self, Scalar};
use opsdeck::yaml::{Kind, Node, parse_one};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// What libyaml makes of each text.
fn libyaml(texts: &[String]) -> Vec<Value> {
    let path = std::env::var_os("PATH").unwrap();
    let ansible = std::env::split_paths(&path).map(|dir| dir.join("ansible-playbook")).find(|file| file.exists());
    let ansible = std::fs::read_to_string(ansible.expect("ansible-playbook on PATH")).unwrap();
    let python = ansible.lines().next().unwrap().trim_start_matches("#!");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/engine/yaml/compose.py");
    let mut child = Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let text = serde_json::to_vec(texts).unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&text).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Our tree in the same form; a tag that is not written is left to theirs.
fn ours(node: &Node, theirs: &Value) -> Value {
    let tag = node.tag.as_ref().map_or_else(|| theirs[3].clone(), |tag| json!(tag));
    let (kind, plain, content) = match &node.kind {
        Kind::Scalar { text, plain } => {
            // What is untagged has the type that it looks like where it is plain; theirs tells the type.
            let kind = match scalar::resolve(text) {
                Scalar::Null => "null",
                Scalar::Bool(_) => "bool",
                Scalar::Int(_) | Scalar::BigInt(_) => "int",
                Scalar::Float(_) => "float",
                Scalar::Date(_) => "timestamp",
                Scalar::Merge => "merge",
                Scalar::Text => "str",
                Scalar::Unsure(_) => "",
            };
            let kind = format!("tag:yaml.org,2002:{}", if *plain { kind } else { "str" });
            let unsure = *plain && matches!(scalar::resolve(text), Scalar::Unsure(_));
            let typed = node.tag.is_some() || unsure || theirs[3] == kind;
            ("scalar", if typed { theirs[4] == true } else { theirs[4] != true }, json!(text))
        }
        Kind::Sequence(items) => {
            let items = items.iter().enumerate().map(|(n, item)| ours(item, &theirs[5][n]));
            ("sequence", false, Value::Array(items.collect()))
        }
        Kind::Mapping(entries) => {
            let pair = |(n, (key, value)): (usize, &(Node, Node))| {
                json!([ours(key, &theirs[5][n][0]), ours(value, &theirs[5][n][1])])
            };
            ("mapping", false, Value::Array(entries.iter().enumerate().map(pair).collect()))
        }
    };
    // Where nothing stands is told by nobody.
    let nothing = matches!(&node.kind, Kind::Scalar { text, plain: true } if text.is_empty());
    let (line, column) = match nothing {
        true => (theirs[0].clone(), theirs[1].clone()),
        false => (json!(node.mark.line), json!(node.mark.column)),
    };
    json!([line, column, kind, tag, plain, content])
}

/// What the port reads in another way, and nobody writes: an empty key after a question mark between brackets, a tag with a
/// comma right behind it, and a block of text that ends with two blank lines and no line break.
fn is_beyond(text: &str) -> bool {
    let mut lines = text.rsplit('\n');
    let mut is_blank = || lines.next().is_some_and(|line| line.trim_matches(' ').is_empty());
    let tag = |word: &str| word.rfind('!').is_some_and(|at| word[at..].contains(','));
    text.find('?').is_some_and(|at| text[at..].contains(']'))
        || text.split_whitespace().any(tag)
        || (!text.ends_with('\n') && is_blank() && is_blank())
}

/// How many of them libyaml refuses. What differs is told with its text.
fn hold(texts: &[String]) -> usize {
    let mut different = Vec::new();
    let mut refused = 0;
    for (text, theirs) in texts.iter().zip(libyaml(texts)) {
        let error = theirs.get("error").is_some();
        refused += usize::from(error);
        let same = match parse_one(text) {
            Ok(None) => theirs.is_null(),
            Ok(Some(node)) => !error && ours(&node, &theirs) == theirs,
            // A node that contains itself, and what is larger than sane, is no use to anybody here.
            Err(e) => error || e.too_large || e.message.contains("not complete here"),
        };
        if !same {
            different.push(format!("{text:?}\n  libyaml: {theirs}\n  ours: {:?}", parse_one(text)));
        }
    }
    let shown = different.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(different.is_empty(), "{} of {} differ:\n{shown}", different.len(), texts.len());
    refused
}

#[test]
fn texts_of_every_kind_are_read_as_libyaml_reads_them() {
    let texts: Vec<String> = texts::ALL.iter().map(|text| (*text).to_owned()).collect();
    let refused = hold(&texts);
    assert!(texts.len() >= 200 && refused >= 20, "{refused} of {} are refused", texts.len());
}

#[test]
fn whatever_chance_makes_of_them_is_read_as_libyaml_reads_it() {
    const PARTS: [&str; 40] = [
        " ", "  ", "\n", "\n\n", "\t", ":", ": ", "- ", "-", "?", "? ", "[", "]", "{", "}", ",", "#", " #", "&a ",
        "*a", "!t ", "!!str ", "|", ">", "|-", ">+2", "'", "''", "\"", "\\", "\\n", "%", "@", "`", "---\n", "...\n",
        "ü", "\u{85}", "\r\n", "x: y\n",
    ];
    let mut chance = Chance::new(seed());
    let texts: Vec<String> = (0..number("OPSDECK_TEXTS").unwrap_or(5_000))
        .map(|_| {
            let mut text: Vec<char> = texts::ALL[chance.below(texts::ALL.len() as u64) as usize].chars().collect();
            for _ in 0..=chance.below(3) {
                let at = chance.below(text.len() as u64 + 1) as usize;
                match chance.below(3) {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 => {
                        let end = (at + chance.below(6) as usize).min(text.len());
                        text.drain(at..end);
                    }
                    _ => {
                        let part = PARTS[chance.below(PARTS.len() as u64) as usize];
                        text.splice(at..at, part.chars());
                    }
                }
            }
            text.into_iter().collect::<String>()
        })
        .filter(|text| !is_beyond(text))
        .collect();
    let refused = hold(&texts);
    assert!(refused * 10 > texts.len() && refused * 10 < texts.len() * 9, "{refused} of {} are refused", texts.len());
}
