//! Reads steps: one mapping each, its kind being the key that names one (`playbook: deploy.yml`).

use super::{Http, Options, Step, StepKind};
use crate::project::config::reader::{Entry, Reader, describe};
use crate::project::config::text::Text;
use crate::yaml::{Kind, Node};

/// Keys that say what a step does, one a step.
pub const KINDS: [&str; 8] = ["command", "playbook", "adhoc", "http", "approval", "pause", "gate", "switch"];
/// Keys that every step may have.
const COMMON: [&str; 5] = ["name", "timeout", "retries", "idempotent", "irreversible"];

/// The keys that belong to a kind beside [`COMMON`].
fn keys_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "playbook" => &["tags", "skip_tags", "hosts", "become", "become_user", "forks"],
        "adhoc" => &["hosts", "become", "become_user", "forks"],
        "http" => &["method", "headers", "body", "status", "contains"],
        "pause" => &["for"],
        _ => &[],
    }
}

/// All keys of a step: what the schema is held against.
#[cfg(test)]
pub fn keys() -> Vec<&'static str> {
    let own = KINDS.iter().flat_map(|kind| keys_of(kind));
    let mut keys: Vec<_> = KINDS.iter().chain(&COMMON).chain(own).copied().collect();
    keys.push("parallel");
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The steps of a list: groups one after another. `{parallel: [...]}` is a group of several.
pub fn groups(node: &Node, what: &str, reader: &mut Reader) -> Vec<Vec<Step>> {
    let mut groups = Vec::new();
    for item in reader.list(node, what) {
        match item.get("parallel").filter(|_| item.entries().len() == 1) {
            Some(steps) => {
                let steps = reader.list(steps, "parallel").iter();
                let group: Vec<_> = steps.filter_map(|node| step(node, reader)).collect();
                groups.extend((!group.is_empty()).then_some(group));
            }
            None => groups.extend(step(item, reader).map(|step| vec![step])),
        }
    }
    groups
}

/// One step.
pub fn step(node: &Node, reader: &mut Reader) -> Option<Step> {
    if node.text() == Some("switch") {
        return Some(empty(node, StepKind::Switch));
    }
    let expected = || format!("one of {} with its value", KINDS.join(", "));
    if !matches!(node.kind, Kind::Mapping(_)) {
        reader.mistake(node.mark, "a step is a mapping", describe(node), expected());
        return None;
    }
    let named: Vec<_> =
        node.entries().iter().filter(|(key, _)| key.text().is_some_and(|k| KINDS.contains(&k))).collect();
    let kind = match named.as_slice() {
        [(key, _)] => key.text().unwrap_or_default(),
        [] => {
            unknown(node, reader);
            return None;
        }
        [_, (second, _), ..] => {
            reader.mistake(
                second.mark,
                "a step does one thing",
                describe(second),
                "one of them; parallel: [...] for several",
            );
            return None;
        }
    };
    let allowed: Vec<&str> = [kind].iter().chain(keys_of(kind)).chain(&COMMON).copied().collect();
    let fields = reader.mapping(node, &format!("a {kind} step"), Some(&allowed));
    let kind = self::kind(kind, &fields, reader)?;
    let mut step = empty(node, kind);
    for Entry { key, value, .. } in &fields {
        match *key {
            "name" => step.name = reader.text(value, "name"),
            "timeout" => step.timeout = reader.seconds(value, "timeout").filter(|seconds| *seconds > 0),
            "retries" => step.retries = reader.number(value, "retries", 0, 20).unwrap_or_default(),
            "idempotent" => step.idempotent = reader.boolean(value, "idempotent"),
            // a mistake here must not lift the guard
            "irreversible" => step.irreversible = reader.boolean(value, "irreversible").unwrap_or(true),
            _ => {}
        }
    }
    Some(step)
}

/// `playbook: FILE` of a release in its shortest form.
pub fn step_of_playbook(node: &Node, reader: &mut Reader) -> Option<Step> {
    let fields = [Entry { key: "playbook", mark: node.mark, value: node }];
    Some(empty(node, kind("playbook", &fields, reader)?))
}

fn empty(node: &Node, kind: StepKind) -> Step {
    Step { mark: node.mark, name: None, kind, timeout: None, retries: 0, idempotent: None, irreversible: false }
}

/// No key names a kind: the one that is not common is meant to.
fn unknown(node: &Node, reader: &mut Reader) {
    let odd = node.entries().iter().find(|(key, _)| !key.text().is_some_and(|k| COMMON.contains(&k)));
    match odd.and_then(|(key, _)| Some((key.text()?, key.mark))) {
        Some((text, mark)) => reader.no_such("kind of step", text, mark, &KINDS),
        None => {
            let expected = format!("one of {} with its value", KINDS.join(", "));
            reader.mistake(node.mark, "this step does nothing", describe(node), expected);
        }
    }
}

fn kind(kind: &str, fields: &[Entry<'_>], reader: &mut Reader) -> Option<StepKind> {
    let value = fields.iter().find(|field| field.key == kind)?.value;
    Some(match kind {
        "command" => StepKind::Command(reader.argv(value, "command")?),
        "playbook" => {
            let path = reader.text(value, "playbook")?;
            reader.must_exist(&path, value.mark, "playbook");
            let list = |key: &str, reader: &mut Reader| {
                let field = fields.iter().find(|field| field.key == key);
                field.map(|field| reader.texts(field.value, key)).unwrap_or_default().into_iter().map(|(text, _)| text)
            };
            let (tags, skip_tags) = (list("tags", reader).collect(), list("skip_tags", reader).collect());
            StepKind::Playbook { path: Text::new(path, value.mark), tags, skip_tags, options: options(fields, reader) }
        }
        "adhoc" => {
            let text = reader.text(value, "adhoc")?;
            let (module, args) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
            let args = Some(args.trim().to_owned()).filter(|args| !args.is_empty());
            StepKind::Adhoc { module: module.to_owned(), args, options: options(fields, reader) }
        }
        "http" => StepKind::Http(http(value, fields, reader)?),
        "approval" => {
            let people = reader.number(value, "approval", 1, 20)?;
            StepKind::Approval(u8::try_from(people).unwrap_or(u8::MAX))
        }
        "pause" => {
            let seconds = fields.iter().find(|field| field.key == "for");
            let seconds = seconds.and_then(|field| reader.seconds(field.value, "for"));
            StepKind::Pause { message: reader.text(value, "pause")?, seconds }
        }
        "gate" => StepKind::Gate(Text::new(reader.text(value, "gate")?, value.mark)),
        _ => StepKind::Switch,
    })
}

fn options(fields: &[Entry<'_>], reader: &mut Reader) -> Options {
    let mut options = Options::default();
    for Entry { key, value, .. } in fields {
        match *key {
            "hosts" => options.hosts = reader.template(value, "hosts"),
            "become" => options.r#become = reader.boolean(value, "become").unwrap_or_default(),
            "become_user" => options.become_user = reader.text(value, "become_user"),
            "forks" => options.forks = reader.number(value, "forks", 1, 10_000),
            _ => {}
        }
    }
    options
}

/// Keys of a request; `url` only where it is a mapping of its own.
pub const HTTP: [&str; 6] = ["url", "method", "headers", "body", "status", "contains"];

/// A request: its address with the other fields beside it, or a mapping of its own.
pub fn http(value: &Node, beside: &[Entry<'_>], reader: &mut Reader) -> Option<Http> {
    let own = matches!(value.kind, Kind::Mapping(_)).then(|| reader.mapping(value, "http", Some(&HTTP)));
    let mut http = Http::default();
    let fields = own.as_deref().unwrap_or(beside);
    for Entry { key, value, .. } in fields {
        match *key {
            "method" => http.method = reader.text(value, "method").map(|text| text.to_uppercase()),
            "headers" => http.headers = reader.named(value, "headers"),
            "body" => http.body = reader.template(value, "body"),
            "status" => http.status = status(value, reader),
            "contains" => http.contains = reader.template(value, "contains"),
            _ => {}
        }
    }
    let url = match &own {
        Some(fields) => fields.iter().find(|field| field.key == "url").map(|field| field.value),
        None => Some(value),
    };
    let Some(url) = url else {
        reader.mistake(value.mark, "this request has no address", "no \"url\"".into(), "url: http://...");
        return None;
    };
    http.url = address(url, "the address", reader)?;
    Some(http)
}

/// An address of a web server.
pub fn address(node: &Node, what: &str, reader: &mut Reader) -> Option<Text> {
    let url = reader.template(node, what)?;
    let known = ["http://", "https://", "{{"].iter().any(|begin| url.text.starts_with(begin));
    if !known {
        reader.mistake(node.mark, format!("{what} is none of the web"), describe(node), "http://... or https://...");
    }
    Some(url)
}

fn status(node: &Node, reader: &mut Reader) -> Vec<u16> {
    let one = |node: &Node, reader: &mut Reader| {
        reader.number(node, "status", 100, 599).and_then(|status| u16::try_from(status).ok())
    };
    match node.kind {
        Kind::Sequence(_) => node.items().iter().filter_map(|item| one(item, reader)).collect(),
        _ => one(node, reader).into_iter().collect(),
    }
}
