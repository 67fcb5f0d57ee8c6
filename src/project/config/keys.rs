//! A key of `opsdeck.yaml`, declared once: [`keys!`] makes of the declaration the field of a struct, its default, its reading,
//! its schema and its line of documentation. What a value looks like is a [`Shape`]; what keys must fit together is checked
//! where the struct is read.

use super::reader::{Entry, Reader, describe};
use crate::yaml::{Mark, Node};
use serde_json::{Map, Value, json};

/// How a value is written.
pub trait Shape {
    /// What it becomes.
    type Value;

    /// `None`: it is a mistake, which is noted; what held before goes on to hold.
    fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<Self::Value>;

    /// Its JSON Schema, without a description.
    fn schema(&self) -> Value;

    /// A value as a person would write it; `None`: the description says it.
    fn written(&self, _: &Self::Value) -> Option<String> {
        None
    }
}

/// A shape out of its reading and its schema.
pub fn of<T>(
    read: impl Fn(&Node, &str, &mut Reader) -> Option<T>,
    schema: impl Fn() -> Value,
) -> impl Shape<Value = T> {
    struct Of<R, S>(R, S);
    impl<T, R: Fn(&Node, &str, &mut Reader) -> Option<T>, S: Fn() -> Value> Shape for Of<R, S> {
        type Value = T;
        fn read(&self, node: &Node, what: &str, reader: &mut Reader) -> Option<T> {
            self.0(node, what, reader)
        }
        fn schema(&self) -> Value {
            self.1()
        }
    }
    Of(read, schema)
}

/// A key, as it is declared.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    doc: &'static str,
    schema: fn() -> Value,
    default: fn() -> Option<String>,
    kind: bool,
    with: &'static [&'static str],
    missing: Option<(&'static str, &'static str)>,
    last: bool,
}

impl Key {
    /// A key that may stand anywhere in its mapping.
    pub fn new(name: &'static str, doc: &'static str, schema: fn() -> Value, default: fn() -> Option<String>) -> Key {
        Key { name: bare(name), doc, schema, default, kind: false, with: &[], missing: None, last: false }
    }

    /// It must be there: what is said where it is not, and what is expected.
    pub fn required(self, message: &'static str, expected: &'static str) -> Key {
        Key { missing: Some((message, expected)), ..self }
    }

    /// It says what the mapping is; exactly one such key stands in it.
    pub fn kind(self) -> Key {
        Key { kind: true, ..self }
    }

    /// It is read after the others: it names what they declare.
    pub fn last(self) -> Key {
        Key { last: true, ..self }
    }

    /// It belongs to these kinds only.
    pub fn with(self, kinds: &'static [&'static str]) -> Key {
        Key { with: kinds, ..self }
    }

    /// Its schema, with its documentation.
    fn described(&self) -> Value {
        let default = (self.default)().map(|value| format!(" Default: {value}.")).unwrap_or_default();
        let mut schema = (self.schema)();
        schema["description"] = format!("{}{default}", self.doc.trim()).into();
        schema
    }
}

/// A key as it is written: `become` is a word of Rust's.
pub fn bare(name: &str) -> &str {
    name.trim_start_matches("r#")
}

/// A mapping whose keys are declared.
pub trait Keys: Sized {
    /// They, in the order declared.
    fn keys() -> Vec<Key>;

    /// Takes one of them; `false`: it is none of them.
    fn take(&mut self, field: &Entry<'_>, reader: &mut Reader) -> bool;

    /// Takes all that stand in a mapping; the keys that stand there. `at`: where a key that is missing is told.
    fn fill<'n>(&mut self, node: &'n Node, at: Mark, what: &str, reader: &mut Reader) -> Vec<Entry<'n>> {
        self.fill_kind(None, node, at, what, reader)
    }

    /// The same where the kind is known: other kinds and what belongs to them may not stand there.
    fn fill_kind<'n>(
        &mut self,
        kind: Option<&str>,
        node: &'n Node,
        at: Mark,
        what: &str,
        reader: &mut Reader,
    ) -> Vec<Entry<'n>> {
        let mut keys = Self::keys();
        if let Some(kind) = kind {
            keys.retain(
                |key| if key.kind { key.name == kind } else { key.with.is_empty() || key.with.contains(&kind) },
            );
        }
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let before = reader.problems.len();
        let fields = reader.mapping(node, what, Some(&names));
        if fields.is_empty() && reader.problems.len() > before {
            return fields;
        }
        // In the order declared: a key may name what one before it has declared.
        keys.sort_by_key(|key| key.last);
        for key in &keys {
            match (fields.iter().find(|field| field.key == key.name), key.missing) {
                (Some(field), _) => drop(self.take(field, reader)),
                (None, Some((message, expected))) => {
                    reader.mistake(at, message, format!("no \"{}\"", key.name), expected);
                }
                (None, None) => {}
            }
        }
        fields
    }

    /// Those that may stand beside a kind; `None`: all.
    fn keys_of(kind: Option<&str>) -> Vec<Key> {
        let mut keys = Self::keys();
        if let Some(kind) = kind {
            keys.retain(
                |key| if key.kind { key.name == kind } else { key.with.is_empty() || key.with.contains(&kind) },
            );
        }
        keys
    }

    /// Which kind the mapping of an entry is: the one that it names. `thing`: what it is called.
    fn kind_of(entry: &Entry<'_>, what: &str, thing: &str, reader: &mut Reader) -> Option<&'static str> {
        let named = Self::kinds_in(entry.value);
        if let [(kind, _)] = named.as_slice() {
            return Some(kind);
        }
        let keys = Self::keys();
        let texts = entry.value.entries().iter().filter_map(|(key, _)| Some((key.text()?, key.mark)));
        let unknown = texts.into_iter().find(|(text, _)| keys.iter().all(|key| key.name != *text));
        match unknown.filter(|_| named.is_empty()) {
            Some((text, mark)) => reader.no_such(&format!("kind of {thing}"), text, mark, &Self::kinds()),
            None => {
                let message =
                    format!("{what} measures {}", if named.is_empty() { "nothing" } else { "several things" });
                let expected = format!("one of {}", Self::kinds().join(", "));
                reader.mistake(entry.mark, message, describe(entry.value), expected);
            }
        }
        None
    }

    /// Those that say what the mapping is and stand in it, each with its place.
    fn kinds_in(node: &Node) -> Vec<(&'static str, Mark)> {
        let kinds = Self::kinds();
        let named = |(key, _): &(Node, Node)| {
            let kind = kinds.iter().find(|kind| key.text() == Some(**kind))?;
            Some((*kind, key.mark))
        };
        node.entries().iter().filter_map(named).collect()
    }

    /// Names of the keys that say what the mapping is.
    fn kinds() -> Vec<&'static str> {
        Self::keys().iter().filter(|key| key.kind).map(|key| key.name).collect()
    }

    /// The JSON Schema.
    fn schema() -> Value {
        Self::schema_of(None)
    }

    /// The same with what may stand beside a kind only.
    fn schema_of(kind: Option<&str>) -> Value {
        let keys = Self::keys_of(kind);
        let all: Map<String, Value> = keys.iter().map(|key| (key.name.to_owned(), key.described())).collect();
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": all });
        let required: Vec<&str> = keys.iter().filter(|key| key.missing.is_some()).map(|key| key.name).collect();
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if let kinds @ [_, ..] = &*Self::kinds() {
            let one = |kind: &&'static str| {
                let others = keys.iter().filter(|key| !key.with.is_empty() && !key.with.contains(kind));
                let others: Vec<Value> = others.map(|key| json!({ "required": [key.name] })).collect();
                let not = if others.is_empty() { json!({}) } else { json!({ "not": { "anyOf": others } }) };
                let mut one = json!({ "required": [kind] });
                one.as_object_mut()
                    .into_iter()
                    .for_each(|one| one.extend(not.as_object().cloned().unwrap_or_default()));
                one
            };
            schema["oneOf"] = kinds.iter().map(one).collect();
        }
        schema
    }
}

/// Declares a mapping: a struct with a field for each key.
///
/// ```ignore
/// keys! {
///     /// When an action has helped.
///     #[derive(Debug)]
///     pub struct Verify {
///         { /** Fields that are no keys. */ name: String }
///         /// Readings in a row that must pass.
///         passes: u32 = 3 => number(1, 100);
///         /// The program.
///         command: Option<Vec<Text>> => argv(), kind();
///     }
/// }
/// ```
macro_rules! keys {
    (@doc) => { "" };
    (@doc [doc = $doc:literal] $($rest:tt)*) => { concat!($doc, $crate::project::config::keys::keys!(@doc $($rest)*)) };
    (@doc [$($other:tt)*] $($rest:tt)*) => { $crate::project::config::keys::keys!(@doc $($rest)*) };
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $key:literal) => { $key };
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
    (@written $shape:expr,) => { None };
    (@written $shape:expr, $default:expr) => { $crate::project::config::keys::Shape::written(&$shape, &$default) };
    (
        $(#[$about:meta])*
        $vis:vis struct $name:ident {
            $({ $($(#[$beside_about:meta])* $beside:ident: $beside_type:ty),* $(,)? })?
            $(..$flat:ident: $flat_type:ty $(, $flat_more:ident $flat_args:tt)*;)*
            $($(#[$($meta:tt)*])* $field:ident $(as $key:literal)?: $type:ty $(= $default:expr)? => $shape:expr $(, $more:ident $args:tt)*;)*
        }
    ) => {
        $(#[$about])*
        $vis struct $name {
            $($($(#[$beside_about])* pub $beside: $beside_type,)*)?
            $(pub $flat: $flat_type,)*
            $($(#[$($meta)*])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($($beside: Default::default(),)*)?
                    $($flat: Default::default(),)*
                    $($field: $crate::project::config::keys::keys!(@default $($default)?),)*
                }
            }
        }

        impl $crate::project::config::keys::Keys for $name {
            fn keys() -> Vec<$crate::project::config::keys::Key> {
                let own = [$(
                    $crate::project::config::keys::Key::new(
                        $crate::project::config::keys::keys!(@name $field $($key)?),
                        $crate::project::config::keys::keys!(@doc $([$($meta)*])*),
                        || $crate::project::config::keys::Shape::schema(&$shape),
                        || $crate::project::config::keys::keys!(@written $shape, $($default)?),
                    )$(.$more $args)*,
                )*];
                own.into_iter()$(.chain(<$flat_type as $crate::project::config::keys::Keys>::keys().into_iter().map(|key| key$(.$flat_more $flat_args)*)))*.collect()
            }

            fn take(
                &mut self,
                field: &$crate::project::config::reader::Entry<'_>,
                reader: &mut $crate::project::config::reader::Reader,
            ) -> bool {
                $(if field.key == $crate::project::config::keys::bare($crate::project::config::keys::keys!(@name $field $($key)?)) {
                    if let Some(value) = $crate::project::config::keys::Shape::read(&$shape, field.value, field.key, reader) {
                        self.$field = From::from(value);
                    }
                    return true;
                })*
                false $(|| $crate::project::config::keys::Keys::take(&mut self.$flat, field, reader))*
            }
        }
    };
}
pub(crate) use keys;
