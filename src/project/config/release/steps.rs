//! Steps of a release: one mapping each, its kind being the key that names one (`playbook: deploy.yml`).

use crate::project::config::keys::{Keys, Shape, keys, of};
use crate::project::config::probes::{Http, http};
use crate::project::config::reader::{Reader, describe};
use crate::project::config::shapes::{
    argv, careful, defined, flag, list, number, path, placed, positive, seconds, small,
};
use crate::project::config::shapes::{template, text, texts};
use crate::project::config::text::Text;
use crate::yaml::{Kind, Mark, Node};
use serde_json::{Value, json};

keys! {
    /// A step as it is written.
    struct Written {
        ..request: Http, with(&["http"]);
        ..options: Options, with(&["playbook", "adhoc"]);
        /// Program on the control host, started without a shell.
        command: Option<Vec<Text>> => argv(), kind();
        /// Playbook; in deploy limited to the batch.
        playbook: Option<Text> => playbook(), kind();
        /// Module and its arguments: service name=web state=restarted.
        adhoc: Option<String> => text(), kind();
        /// Address, or a request.
        http: Option<Http> => http(), kind();
        /// Waits until so many people agreed.
        approval: Option<u8> => small(1, 20), kind();
        /// Waits for a person; what they should look at.
        pause: Option<String> => text(), kind();
        /// Measures a gate until it passes or fails.
        gate: Option<Text> => placed(), kind();
        /// Moves all traffic to the pool that was deployed.
        switch: bool => switch(), kind();
        /// Steps that run at once.
        parallel: Vec<Step> => list(defined(of(step, || Value::Null), "Step")), with(&["parallel"]);
        /// What people read.
        name: Option<String> => text();
        /// After this it is stopped.
        timeout: Option<u32> => positive();
        /// Tries after the first, for transient errors.
        retries: u32 => number(0, 20);
        /// It may be done twice.
        idempotent: Option<bool> => flag();
        /// Nothing brings back what it does.
        irreversible: bool => careful();
        /// --tags.
        tags: Vec<String> => texts(), with(&["playbook"]);
        /// --skip-tags.
        skip_tags: Vec<String> => texts(), with(&["playbook"]);
        /// A pause goes on by itself after this.
        seconds as "for": Option<u32> => seconds(), with(&["pause"]);
    }
}

keys! {
    /// What playbooks and ad-hoc commands share.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Options {
        /// Host pattern, outside of deploy.
        hosts: Option<Text> => template();
        /// --become.
        r#become: bool => flag();
        /// --become-user.
        become_user: Option<String> => text();
        /// --forks.
        forks: Option<u32> => number(1, 10_000);
    }
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it stands.
    pub mark: Mark,
    /// What a person reads.
    pub name: Option<String>,
    /// What it does.
    pub kind: StepKind,
    /// Seconds.
    pub timeout: Option<u32>,
    /// Tries after the first.
    pub retries: u32,
    /// May be done twice; `None`: not said.
    pub idempotent: Option<bool>,
    /// Nothing brings back what it does.
    pub irreversible: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepKind {
    /// A program here.
    Command(Vec<Text>),
    /// A playbook.
    Playbook {
        /// Its path.
        path: Text,
        /// `--tags`.
        tags: Vec<String>,
        /// `--skip-tags`.
        skip_tags: Vec<String>,
        /// Options that it shares with ad-hoc commands.
        options: Options,
    },
    /// An ad-hoc command.
    Adhoc {
        /// Module.
        module: String,
        /// Its arguments, for Ansible's own templates.
        args: Option<String>,
        /// Options that it shares with playbooks.
        options: Options,
    },
    /// A request.
    Http(Http),
    /// So many people must agree.
    Approval(u8),
    /// A person must look.
    Pause {
        /// At what.
        message: String,
        /// Goes on by itself after so many seconds.
        seconds: Option<u32>,
    },
    /// A gate, by its name.
    Gate(Text),
    /// Moves traffic.
    Switch,
}

/// Groups of steps one after another; `{parallel: [...]}` is a group of several.
pub fn groups() -> impl Shape<Value = Vec<Vec<Step>>> {
    let group = |node: &Node, _: &str, reader: &mut Reader| {
        if !(node.entries().len() == 1 && node.get("parallel").is_some()) {
            return Some(vec![step(node, "", reader)?]);
        }
        let mut written = Written::default();
        written.fill_kind(Some("parallel"), node, node.mark, "a group", reader);
        (!written.parallel.is_empty()).then_some(written.parallel)
    };
    list(of(group, || defined(text(), "Step").schema()))
}

/// The schema of a step.
pub fn schema() -> Value {
    let mut schema = Written::schema();
    schema["oneOf"].as_array_mut().into_iter().for_each(|ways| ways.push(json!({ "required": ["parallel"] })));
    json!({ "oneOf": [{ "const": "switch" }, schema] })
}

/// `playbook: FILE` of a release in its shortest form.
pub fn short() -> impl Shape<Value = Step> {
    let read = |node: &Node, what: &str, reader: &mut Reader| {
        let path = playbook().read(node, what, reader)?;
        let (tags, skip_tags, options) = (Vec::new(), Vec::new(), Options::default());
        Some(made(node, StepKind::Playbook { path, tags, skip_tags, options }, Written::default()))
    };
    of(read, || text().schema())
}

fn playbook() -> impl Shape<Value = Text> {
    of(|node, what, reader| Some(Text::new(path().read(node, what, reader)?, node.mark)), || text().schema())
}

fn switch() -> impl Shape<Value = bool> {
    of(|_, _, _| Some(true), || json!({}))
}

fn made(node: &Node, kind: StepKind, written: Written) -> Step {
    let Written { name, timeout, retries, idempotent, irreversible, .. } = written;
    Step { mark: node.mark, name, kind, timeout, retries, idempotent, irreversible }
}

fn step(node: &Node, _: &str, reader: &mut Reader) -> Option<Step> {
    if node.text() == Some("switch") {
        return Some(made(node, StepKind::Switch, Written::default()));
    }
    let expected = || format!("one of {} with its value", Written::kinds().join(", "));
    if !matches!(node.kind, Kind::Mapping(_)) {
        reader.mistake(node.mark, "a step is a mapping", describe(node), expected());
        return None;
    }
    let kind = match Written::kinds_in(node).as_slice() {
        [(kind, _)] => *kind,
        [] => {
            unknown(node, expected(), reader);
            return None;
        }
        [_, (second, mark), ..] => {
            let expected = "one of them; parallel: [...] for several";
            reader.mistake(*mark, "a step does one thing", format!("{second:?}"), expected);
            return None;
        }
    };
    let mut written = Written::default();
    written.fill_kind(Some(kind), node, node.mark, &format!("a {kind} step"), reader);
    let kind = written.kind()?;
    Some(made(node, kind, written))
}

/// No key names a kind: the one that not every step may have is meant to.
fn unknown(node: &Node, expected: String, reader: &mut Reader) {
    let common = Written::keys_of(Some(""));
    let odd = node.entries().iter().find(|(key, _)| common.iter().all(|common| key.text() != Some(common.name)));
    match odd.and_then(|(key, _)| Some((key.text()?, key.mark))) {
        Some((text, mark)) => reader.no_such("kind of step", text, mark, &Written::kinds()),
        None => reader.mistake(node.mark, "this step does nothing", describe(node), expected),
    }
}

impl Written {
    /// What it does; `None`: its value is a mistake.
    fn kind(&mut self) -> Option<StepKind> {
        let options = std::mem::take(&mut self.options);
        if let Some(path) = self.playbook.take() {
            let (tags, skip_tags) = (std::mem::take(&mut self.tags), std::mem::take(&mut self.skip_tags));
            return Some(StepKind::Playbook { path, tags, skip_tags, options });
        }
        if let Some(text) = self.adhoc.take() {
            let (module, args) = text.split_once(char::is_whitespace).unwrap_or((&text, ""));
            let args = Some(args.trim().to_owned()).filter(|args| !args.is_empty());
            return Some(StepKind::Adhoc { module: module.to_owned(), args, options });
        }
        let request = std::mem::take(&mut self.request);
        let seconds = self.seconds;
        let one = self.command.take().map(StepKind::Command);
        let one = one.or(self.http.take().map(|http| StepKind::Http(http.with(request))));
        let one = one.or(self.approval.map(StepKind::Approval)).or(self.gate.take().map(StepKind::Gate));
        let one = one.or(self.pause.take().map(|message| StepKind::Pause { message, seconds }));
        one.or(self.switch.then_some(StepKind::Switch))
    }
}
