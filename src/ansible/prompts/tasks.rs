//! Through lists of tasks: blocks, includes, and the actions that ask.

use super::QuestionKind;
use super::walk::{Here, Walk, conditional, templated};
use crate::yaml::Node;
use std::path::PathBuf;

impl Walk<'_> {
    pub fn tasks(&mut self, tasks: Option<&Node>, here: Here<'_>) {
        for task in tasks.map(Node::items).unwrap_or_default() {
            self.task(task, Here { maybe: here.maybe || conditional(task), ..here });
        }
    }

    fn task(&mut self, task: &Node, here: Here<'_>) {
        self.debugger(task, here);
        if task.get("block").is_some() {
            for section in ["block", "rescue", "always"] {
                self.tasks(task.get(section), here);
            }
            return;
        }
        for (key, value) in task.entries() {
            let key = key.text().unwrap_or_default();
            let args = task.get("args");
            match key.strip_prefix("ansible.builtin.").or(key.strip_prefix("ansible.legacy.")).unwrap_or(key) {
                "pause" => self.pause(Args { value, extra: args }, here, value),
                "include_tasks" | "import_tasks" | "include" => {
                    self.include(Args { value, extra: args }, here, value);
                }
                "include_role" | "import_role" => {
                    let args = Args { value, extra: args };
                    if let Some(name) = value.get("name").or_else(|| value.get("role")) {
                        self.role(name, args.get("tasks_from").as_deref(), here);
                    } else if let Some(name) = args.get("name") {
                        self.unseen(&name, "it is written as free text", here, value);
                    }
                }
                "action" | "local_action" => self.action(value, args, here),
                _ => {}
            }
        }
    }

    /// The old spelling: `action: pause prompt=..` or `action: {module: pause, ..}`.
    fn action(&mut self, value: &Node, extra: Option<&Node>, here: Here<'_>) {
        let written = value.get("module").and_then(Node::text).or_else(|| value.text()).unwrap_or_default();
        let name = written.split_whitespace().next().unwrap_or_default();
        if name.rsplit('.').next() == Some("pause") {
            self.pause(Args { value, extra }, here, value);
        }
    }

    fn pause(&mut self, args: Args<'_>, here: Here<'_>, at: &Node) {
        if args.get("seconds").is_none() && args.get("minutes").is_none() {
            self.ask(QuestionKind::Pause { prompt: args.get("prompt") }, here, at);
        }
    }

    fn include(&mut self, args: Args<'_>, here: Here<'_>, at: &Node) {
        // free text is a name, with `key=value` words behind it in the old spelling
        let free = args.value.text().map(|text| match text.split_once('=') {
            Some(_) if !templated(text) => text.split_whitespace().next().unwrap_or_default(),
            _ => text.trim(),
        });
        let Some(name) = args.get("file").or_else(|| free.map(str::to_owned)) else { return };
        if templated(&name) {
            return self.unseen(&name, "its name is known only when it runs", here, at);
        }
        let beside = here.file.parent().map(|folder| folder.join(&name));
        let in_role = here.role.map(|role| role.join("tasks").join(&name));
        let candidates: [Option<PathBuf>; 3] = [beside, in_role, Some(here.playbook.join(&name))];
        match candidates.into_iter().flatten().find(|path| path.is_file()) {
            None => self.unseen(&name, "no such file was found", here, at),
            Some(path) => {
                if let Some(content) = self.read(&path, Some((here, at))) {
                    self.tasks(Some(&content), Here { file: &path, ..here });
                }
            }
        }
    }

    /// `debugger:` of a play, role, block or task.
    pub fn debugger(&mut self, node: &Node, here: Here<'_>) {
        if let Some(value) = node.get("debugger")
            && value.text() != Some("never")
        {
            self.ask(QuestionKind::Debugger, here, value);
        }
    }
}

/// Arguments of an action: a mapping, or free text `key=value ..`, and `args:` beside.
struct Args<'a> {
    value: &'a Node,
    extra: Option<&'a Node>,
}

impl Args<'_> {
    fn get(&self, key: &str) -> Option<String> {
        let from = |node: &Node| node.get(key).map(|found| found.text().unwrap_or_default().to_owned());
        from(self.value).or_else(|| self.extra.and_then(from)).or_else(|| {
            let pairs = super::given::pairs(self.value.text()?);
            pairs.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
        })
    }
}
