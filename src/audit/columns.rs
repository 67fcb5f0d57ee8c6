//! Fields of a row as columns of a table: small, and each can be searched. What has no column, or a value that its column
//! cannot hold, lies in `more`.

use super::chain::hex;
use super::commit::Fields;
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use uuid::Uuid;

/// How a value lies in its column.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Integer,
    /// A path, without `/dev/` in front.
    Device,
    /// True or nothing.
    Flag,
    /// 16 bytes.
    Id,
    /// 32 bytes of 64 hex digits.
    Digest,
    /// Its place in a list.
    Word(&'static [&'static str]),
    /// `OD1001I`: the number, and its letter as the last digit.
    Code,
    /// JSON, with one byte for each of [`PHRASES`].
    Json,
    /// Names, one a line; as JSON where one would not come back so.
    Names,
    /// Pid, start, boot: 28 bytes.
    Process,
}

/// Phases, by their number in the file.
pub(super) const PHASES: &[&str] = &["intent", "outcome", "denied"];
pub(super) const STATUSES: &[&str] = &["started", "success", "failure", "unknown", "cancelled"];
const LETTERS: &[char] = &['I', 'O', 'D'];

/// Field, type and kind of each column; the column has the name of the field, with `_` for `.`. New ones come last.
const COLUMNS: &[(&str, Kind)] = &[
    ("timestamp_ms", Kind::Integer),
    ("event_id", Kind::Id),
    ("parent_event_id", Kind::Id),
    ("run_id", Kind::Id),
    ("release_id", Kind::Id),
    ("action", Kind::Text),
    ("code", Kind::Code),
    ("phase", Kind::Word(PHASES)),
    ("status", Kind::Word(STATUSES)),
    ("operator", Kind::Text),
    ("real_user", Kind::Text),
    ("effective_user", Kind::Text),
    ("session_id", Kind::Text),
    ("ip", Kind::Text),
    ("port", Kind::Integer),
    ("from_unverified", Kind::Flag),
    ("tty", Kind::Device),
    ("host", Kind::Text),
    ("env", Kind::Text),
    ("service", Kind::Text),
    ("plan_digest", Kind::Digest),
    ("approvals", Kind::Json),
    ("change_ticket", Kind::Text),
    ("diff_digest", Kind::Digest),
    ("subject", Kind::Text),
    ("targets", Kind::Names),
    ("targets_count", Kind::Integer),
    ("targets_digest", Kind::Digest),
    ("argv_digest", Kind::Digest),
    ("reason", Kind::Text),
    ("rc", Kind::Integer),
    ("duration_ms", Kind::Integer),
    ("error.class", Kind::Text),
    ("journal_bytes", Kind::Integer),
    ("journal_digest", Kind::Digest),
    ("process", Kind::Process),
];
/// What nearly every row's metadata says: in the file the first is the byte 1, and so on. JSON itself holds none of these
/// bytes. New ones come last, none ever goes; 31 at most.
const PHRASES: &[&str] = &[
    "\"check\":false",
    "\"check\":true",
    "\"cwd\":\"",
    "\"kind\":\"playbook\"",
    "\"kind\":\"adhoc\"",
    "\"kind\":\"shell\"",
    "\"kind\":\"release\"",
    "\"kind\":\"recovery\"",
    "\"limit\":\"",
    "\"state\":\"succeeded\"",
    "\"state\":\"",
    "\"rerun_of\":\"",
];
/// Where terminals lie.
const DEVICES: &str = "/dev/";
/// Fields of this name are kept in one column.
const METADATA: &str = "metadata.";

/// Names of the columns: those of [`values`], in its order.
pub(super) fn names() -> String {
    let mut names: Vec<String> = COLUMNS.iter().map(|(name, _)| name.replace('.', "_")).collect();
    names.extend(["metadata".to_owned(), "more".to_owned()]);
    names.join(", ")
}

/// The columns with their types, for `CREATE TABLE`.
pub(super) fn definitions() -> String {
    let typed = |(name, kind): &(&str, Kind)| {
        let sql = match kind {
            Kind::Text | Kind::Device | Kind::Json | Kind::Names => "TEXT",
            Kind::Integer | Kind::Flag | Kind::Word(_) | Kind::Code => "INTEGER",
            Kind::Id | Kind::Digest | Kind::Process => "BLOB",
        };
        format!("{} {sql}", name.replace('.', "_"))
    };
    let mut all: Vec<String> = COLUMNS.iter().map(typed).collect();
    all.extend(["metadata TEXT".to_owned(), "more TEXT".to_owned()]);
    all.join(", ")
}

/// Number of the columns.
pub(super) fn count() -> usize {
    COLUMNS.len() + 2
}

/// A row's values, column by column.
pub(super) fn values(fields: &Fields) -> Vec<Sql> {
    let mut columns = vec![Sql::Null; count()];
    let (mut metadata, mut more) = (Map::new(), Map::new());
    for (name, value) in fields {
        let place = COLUMNS.iter().position(|(column, _)| column == name);
        // What would not come back the same is kept as it is.
        let stored = place.and_then(|i| {
            let stored =
                store(COLUMNS[i].1, value).filter(|sql| load(COLUMNS[i].1, sql.into()).as_ref() == Some(value));
            stored.map(|sql| (i, sql))
        });
        match (stored, name.strip_prefix(METADATA)) {
            (Some((i, sql)), _) => columns[i] = sql,
            (None, Some(key)) => drop(metadata.insert(key.to_owned(), value.clone())),
            (None, None) => drop(more.insert(name.clone(), value.clone())),
        }
    }
    for (i, map) in [(COLUMNS.len(), metadata), (COLUMNS.len() + 1, more)] {
        if !map.is_empty() {
            columns[i] = Sql::Text(shorter(&Value::Object(map)));
        }
    }
    columns
}

/// Adds a row's values to its fields; `column` gives one by its place. The error names the column that cannot be read.
pub(super) fn fields<'a>(
    mut column: impl FnMut(usize) -> rusqlite::Result<ValueRef<'a>>,
    fields: &mut Fields,
) -> Result<(), String> {
    let mut add = |name: String, value: Value| match fields.insert(name.clone(), value) {
        None => Ok(()),
        Some(_) => Err(format!("its field {name} is there twice")),
    };
    for (i, (name, kind)) in COLUMNS.iter().enumerate() {
        match column(i).map_err(|e| e.to_string())? {
            ValueRef::Null => {}
            sql => add((*name).to_owned(), load(*kind, sql).ok_or_else(|| format!("its {name} cannot be read"))?)?,
        }
    }
    for (i, prefix) in [(COLUMNS.len(), METADATA), (COLUMNS.len() + 1, "")] {
        let map = match column(i).map_err(|e| e.to_string())? {
            ValueRef::Null => continue,
            sql => load(Kind::Json, sql),
        };
        let Some(Value::Object(map)) = map else {
            return Err(format!("its other {} cannot be read", if prefix.is_empty() { "fields" } else { "metadata" }));
        };
        map.into_iter().try_for_each(|(key, value)| add(format!("{prefix}{key}"), value))?;
    }
    Ok(())
}

fn store(kind: Kind, value: &Value) -> Option<Sql> {
    Some(match kind {
        Kind::Text => Sql::Text(value.as_str()?.to_owned()),
        Kind::Device => Sql::Text(value.as_str().map(|path| path.strip_prefix(DEVICES).unwrap_or(path))?.to_owned()),
        Kind::Integer => Sql::Integer(value.as_i64()?),
        Kind::Flag => Sql::Integer(i64::from(value.as_bool()?)),
        Kind::Id => Sql::Blob(value.as_str()?.parse::<Uuid>().ok()?.as_bytes().to_vec()),
        Kind::Digest => Sql::Blob(super::commit::unhex(value.as_str()?)?.to_vec()),
        Kind::Word(words) => Sql::Integer(place(words, &value.as_str()?)?),
        Kind::Code => {
            let code = value.as_str()?.strip_prefix("OD")?;
            let letter = code.chars().next_back()?;
            let number: i64 = code.strip_suffix(letter)?.parse().ok()?;
            Sql::Integer(number.checked_mul(10)?.checked_add(place(LETTERS, &letter)?)?)
        }
        Kind::Json => Sql::Text(shorter(value)),
        Kind::Names => {
            let names: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
            let lines = names.map(|names| names.join("\n"));
            let is_back = |lines: &String| read_names(lines).as_ref() == Some(value);
            Sql::Text(lines.filter(is_back).unwrap_or_else(|| value.to_string()))
        }
        Kind::Process => {
            let process: crate::state::Identity = serde_json::from_value(value.clone()).ok()?;
            let boot: Uuid = process.boot.parse().ok()?;
            Sql::Blob([&process.pid.to_be_bytes()[..], &process.start.to_be_bytes(), boot.as_bytes()].concat())
        }
    })
}

fn load(kind: Kind, sql: ValueRef<'_>) -> Option<Value> {
    let integer = || sql.as_i64().ok();
    Some(match kind {
        Kind::Text => Value::from(sql.as_str().ok()?),
        Kind::Device => match sql.as_str().ok()? {
            path if path.starts_with('/') => Value::from(path),
            name => Value::from(format!("{DEVICES}{name}")),
        },
        Kind::Integer => Value::from(integer()?),
        Kind::Flag => Value::from(integer()? != 0),
        Kind::Id => Value::from(Uuid::from_slice(sql.as_blob().ok()?).ok()?.to_string()),
        Kind::Digest => match sql.as_blob().ok()? {
            bytes if bytes.len() == 32 => Value::from(hex(bytes)),
            _ => return None,
        },
        Kind::Word(words) => Value::from(*words.get(usize::try_from(integer()?).ok()?)?),
        Kind::Code => {
            let code = integer()?;
            let letter = LETTERS.get(usize::try_from(code.rem_euclid(10)).ok()?)?;
            Value::from(format!("OD{}{letter}", code.div_euclid(10)))
        }
        Kind::Json => serde_json::from_str(&longer(sql.as_str().ok()?)).ok()?,
        Kind::Names => read_names(sql.as_str().ok()?)?,
        Kind::Process => {
            let bytes = sql.as_blob().ok()?;
            let pid = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
            let start = u64::from_be_bytes(bytes.get(4..12)?.try_into().ok()?);
            json!({ "pid": pid, "start": start, "boot": Uuid::from_slice(bytes.get(12..)?).ok()?.to_string() })
        }
    })
}

fn read_names(text: &str) -> Option<Value> {
    match text.starts_with('[') {
        true => serde_json::from_str(text).ok(),
        false => Some(text.split('\n').map(Value::from).collect()),
    }
}

fn shorter(value: &Value) -> String {
    let byte = |n: usize| char::from(n as u8).to_string();
    (1..).zip(PHRASES).fold(value.to_string(), |text, (n, phrase)| text.replace(phrase, &byte(n)))
}

fn longer(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte < b' ') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(2 * text.len());
    for c in text.chars() {
        let phrase = (c < ' ').then(|| PHRASES.get((c as usize).wrapping_sub(1))).flatten();
        match phrase {
            Some(phrase) => out.push_str(phrase),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

fn place<T: PartialEq>(words: &[T], word: &T) -> Option<i64> {
    i64::try_from(words.iter().position(|one| one == word)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn back(all: &Fields) -> Fields {
        let stored = values(all);
        let mut fields = Fields::new();
        super::fields(|i| Ok((&stored[i]).into()), &mut fields).unwrap();
        fields
    }

    #[test]
    fn small_where_it_can_be_and_never_another_value() {
        let id = Uuid::now_v7().to_string();
        let all = Fields::from(
            [
                ("event_id", json!(id)),
                ("run_id", json!(id.to_uppercase())),
                ("code", json!("OD1001I")),
                ("phase", json!("rumour")),
                ("status", json!("cancelled")),
                ("plan_digest", json!("not 64 digits")),
                ("argv_digest", json!("0f".repeat(32))),
                ("rc", json!("seven")),
                ("process", json!({"pid": 7, "start": 1_u64 << 40, "boot": id})),
                ("metadata.cwd", json!("/srv")),
                ("metadata.limit", json!(null)),
                ("metadata.check", json!(false)),
                ("metadata.note", json!("\"check\":false \u{1}\u{3}\n")),
                ("targets", json!(["web1", "web2"])),
                ("tty", json!("/dev/pts/3")),
                ("approvals", json!(["alice"])),
                ("invented.later", json!([1, {"a": null}])),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        assert_eq!(back(&all), all);
        let stored = values(&all);
        let at = |name: &str| &stored[COLUMNS.iter().position(|(column, _)| *column == name).unwrap()];
        assert_eq!((at("code"), at("status")), (&Sql::Integer(10_010), &Sql::Integer(4)));
        assert_eq!(at("tty"), &Sql::Text("pts/3".into()));
        assert_eq!(at("targets"), &Sql::Text("web1\nweb2".into()));
        assert!(
            matches!(&stored[COLUMNS.len()], Sql::Text(text) if text.starts_with("{\u{1},\u{3}/srv\"")),
            "{stored:?}"
        );
        assert!(matches!(at("process"), Sql::Blob(bytes) if bytes.len() == 28));
        assert!([at("run_id"), at("phase"), at("plan_digest"), at("rc")].iter().all(|sql| **sql == Sql::Null));
    }

    #[test]
    fn what_was_written_longer_is_read_all_the_same() {
        let (targets, json) = (r#"["web1","web2"]"#, r#"{"check":false,"cwd":"/srv"}"#);
        let at = |name: &str| COLUMNS.iter().position(|(column, _)| *column == name).unwrap();
        let old = |i: usize| match i {
            i if i == at("targets") => ValueRef::Text(targets.as_bytes()),
            i if i == at("tty") => ValueRef::Text(b"/dev/pts/3"),
            i if i == COLUMNS.len() => ValueRef::Text(json.as_bytes()),
            _ => ValueRef::Null,
        };
        let mut read = Fields::new();
        super::fields(|i| Ok(old(i)), &mut read).unwrap();
        assert_eq!((&read["targets"], &read["tty"]), (&json!(["web1", "web2"]), &json!("/dev/pts/3")));
        assert_eq!((&read["metadata.check"], &read["metadata.cwd"]), (&json!(false), &json!("/srv")));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named() {
        let id = COLUMNS.iter().position(|(column, _)| *column == "event_id").unwrap();
        let only = |i| if i == id { ValueRef::Blob(b"short") } else { ValueRef::Null };
        let wrong = super::fields(|i| Ok(only(i)), &mut Fields::new()).unwrap_err();
        assert!(wrong.contains("event_id"), "{wrong}");
    }

    proptest! {
        #![proptest_config(crate::cases::cases(256))]

        #[test]
        fn whatever_a_field_holds_comes_back(which in 0..COLUMNS.len(), text: String, number: i64, pick in 0..4_u8) {
            let value = match pick {
                0 => json!(text),
                1 => json!(number),
                2 => json!(number % 2 == 0),
                _ => json!({ text.clone(): [number, text] }),
            };
            let all = Fields::from([(COLUMNS[which].0.to_owned(), value)]);
            prop_assert_eq!(back(&all), all);
        }
    }
}
