//! Through lists of tasks: blocks, includes, and the actions that ask.

use super::QuestionKind;
use super::among::{among, placed};
use super::delegate::spelled;
use super::touch::TouchKind;
use super::walk::{From, Here, Walk};
use super::words::{conditional, templated};
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
        self.delegation(task, task, here);
        if task.get("block").is_some() {
            for section in ["block", "rescue", "always"] {
                self.tasks(task.get(section), here);
            }
            return;
        }
        for (key, value) in task.entries() {
            let key = key.text().unwrap_or_default();
            let extra = task.get("args");
            let args = Args { value, extra };
            if let Some(apply) = value.get("apply").or_else(|| extra.and_then(|extra| extra.get("apply"))) {
                self.delegation(apply, task, here);
            }
            match key.strip_prefix("ansible.builtin.").or(key.strip_prefix("ansible.legacy.")).unwrap_or(key) {
                "pause" => self.pause(args, here, value),
                "include_tasks" | "import_tasks" | "include" => self.include(args, task, here, value),
                "include_role" | "import_role" => self.include_role(args, task, here, value),
                "meta" => self.meta(args, here, value),
                "action" | "local_action" => self.action(value, extra, here),
                name => self.makes(name, here, value),
            }
        }
    }

    /// Modules that make hosts or groups, of whatever collection.
    fn makes(&mut self, name: &str, here: Here<'_>, at: &Node) {
        if let Some(short @ ("add_host" | "group_by")) = name.rsplit('.').next() {
            self.touch(TouchKind::Makes(short.to_owned()), here, at);
        }
    }

    fn meta(&mut self, args: Args<'_>, here: Here<'_>, at: &Node) {
        let free = args.value.text().map(str::trim).map(str::to_owned);
        if let Some(word) = args.get("free_form").or(free).filter(|w| w == "refresh_inventory" || templated(w)) {
            self.touch(TouchKind::Makes(format!("meta: {word}")), here, at);
        }
    }

    fn include_role(&mut self, args: Args<'_>, task: &Node, here: Here<'_>, at: &Node) {
        let Some(name) = args.get("name").or_else(|| args.get("role")) else { return };
        let from = From { tasks: args.get("tasks_from"), handlers: args.get("handlers_from") };
        for name in spelled(&name, task) {
            self.role(&name, &from, here, args.value.get("name").unwrap_or(at));
        }
    }

    /// The old spelling: `action: pause prompt=..` or `action: {module: pause, ..}`.
    fn action(&mut self, value: &Node, extra: Option<&Node>, here: Here<'_>) {
        let written = value.get("module").and_then(Node::text).or_else(|| value.text()).unwrap_or_default();
        let name = written.split_whitespace().next().unwrap_or_default();
        let args = Args { value, extra };
        match name.rsplit('.').next() {
            Some("pause") => self.pause(args, here, value),
            Some("meta") => {
                let word = args.get("free_form").unwrap_or_else(|| written.split_whitespace().skip(1).collect());
                if word == "refresh_inventory" {
                    self.touch(TouchKind::Makes(format!("meta: {word}")), here, value);
                }
            }
            _ if templated(name) => self.unseen(written, "its module is known only when it runs", here, value),
            _ => self.makes(name, here, value),
        }
    }

    fn pause(&mut self, args: Args<'_>, here: Here<'_>, at: &Node) {
        if args.get("seconds").is_none() && args.get("minutes").is_none() {
            self.ask(QuestionKind::Pause { prompt: args.get("prompt") }, here, at);
        }
    }

    fn include(&mut self, args: Args<'_>, task: &Node, here: Here<'_>, at: &Node) {
        // free text is a name, with `key=value` words behind it in the old spelling
        let free = args.value.text().map(|text| match text.split_once('=') {
            Some(_) if !templated(text) => text.split_whitespace().next().unwrap_or_default(),
            _ => text.trim(),
        });
        let Some(name) = args.get("file").or_else(|| free.map(str::to_owned)) else { return };
        let name = placed(&name, here.playbook, here.role);
        for name in spelled(&name, task) {
            self.included(&name, here, at);
        }
    }

    fn included(&mut self, name: &str, here: Here<'_>, at: &Node) {
        let beside = here.file.parent().map(PathBuf::from);
        let own = here.role.map(|role| role.join("tasks"));
        let folders: Vec<PathBuf> = [beside, own, Some(here.playbook.to_path_buf())].into_iter().flatten().collect();
        let (files, maybe) = if templated(name) {
            // a role chooses between its own files, a play between those of a folder that it names
            let folders = if here.role.is_some() { &folders[..2] } else { &folders[..] };
            (among(folders, name, here.role.is_none()), true)
        } else {
            let found = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
            (found.into_iter().collect(), here.maybe)
        };
        if files.is_empty() {
            let why = if templated(name) { "its name is known only when it runs" } else { "no such file was found" };
            self.unseen(name, why, here, at);
        }
        for path in files {
            if let Some(content) = self.read(&path, Some((here, at))) {
                self.tasks(Some(&content), Here { file: &path, maybe, ..here });
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
#[derive(Clone, Copy)]
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
