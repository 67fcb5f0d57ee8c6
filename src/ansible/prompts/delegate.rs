//! Where a task is delegated to, as far as the files tell: a name, the item of a loop that is written out, a group of the
//! inventory.

use super::touch::To;
use super::words::templated;
use crate::yaml::Node;
use regex::Regex;
use std::sync::LazyLock;

/// What takes some of a list, and never adds to it.
const SOME: &str = r"(?:\[\s*-?\d+\s*\]|\s*\|\s*(?:first|last|random|list|unique|sort|shuffle|reverse|(?:difference|intersect)\([^()|]*\)|default\(\s*\[\s*\]\s*\)))*";

static GROUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| whole(&format!(r#"groups(?:\.(\w+)|\[\s*'([^']+)'\s*\]|\[\s*"([^"]+)"\s*\]){SOME}"#)));
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    whole(&format!(
        "(?:inventory_hostname|(?:ansible_play_hosts_all|ansible_play_hosts|ansible_play_batch|play_hosts){SOME})"
    ))
});

/// A text that is nothing but this expression.
fn whole(expression: &str) -> Option<Regex> {
    Regex::new(&format!(r"^\s*\{{\{{\s*{expression}\s*\}}\}}\s*$")).ok()
}

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_some_and(|regex| regex.is_match(text))
}

/// Where `delegate_to: text` of a task leads; nowhere, where it stays with the play's own hosts.
pub fn reach(text: &str, task: &Node) -> Vec<To> {
    let one = |text: String| match () {
        () if !templated(&text) => vec![To::Host(text.trim().to_owned())],
        () if text.replace(' ', "") == format!("{{{{{}}}}}", item(task)) => {
            items(task).unwrap_or_else(|| vec![To::Template(text)])
        }
        () => expression(&text).unwrap_or_else(|| vec![To::Template(text)]),
    };
    spelled(text, task).into_iter().flat_map(one).collect()
}

/// What an expression may become.
fn expression(text: &str) -> Option<Vec<To>> {
    if matches(&OWN, text) {
        return Some(vec![]);
    }
    let found = GROUP.as_ref()?.captures(text)?;
    let name = found.iter().skip(1).flatten().next()?;
    Some(vec![To::Pattern(name.as_str().to_owned())])
}

/// What the item of a loop may become that is not written out.
fn items(task: &Node) -> Option<Vec<To>> {
    if let Some(patterns) = task.get("with_inventory_hostnames") {
        let patterns = patterns.text().into_iter().chain(patterns.items().iter().filter_map(Node::text));
        return patterns.map(|p| (!templated(p)).then(|| To::Pattern(p.to_owned()))).collect();
    }
    let node = ["loop", "with_items", "with_list"].iter().find_map(|key| task.get(key))?;
    expression(node.text()?)
}

/// The name of a loop's item.
fn item(task: &Node) -> &str {
    task.get("loop_control").and_then(|control| control.get("loop_var")).and_then(Node::text).unwrap_or("item")
}

/// The texts that `text` becomes for the items of a loop that is written out; else itself.
pub fn spelled(text: &str, task: &Node) -> Vec<String> {
    let items = || {
        let list = ["loop", "with_items", "with_list"].iter().find_map(|key| task.get(key))?;
        let items = list.items().iter().map(|item| item.text().filter(|text| !templated(text)));
        items.collect::<Option<Vec<_>>>().filter(|items| !items.is_empty())
    };
    let place = || Regex::new(&format!(r"\{{\{{\s*{}\s*\}}\}}", regex::escape(item(task)))).ok();
    let filled = || {
        let (place, items) = (place().filter(|place| place.is_match(text))?, items()?);
        Some(items.iter().map(|item| place.replace_all(text, regex::NoExpand(item)).into_owned()).collect())
    };
    let filled: Option<Vec<String>> = if templated(text) { filled() } else { None };
    filled.unwrap_or_else(|| vec![text.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(task: &str) -> String {
        let task = crate::yaml::parse_one(task).unwrap().unwrap();
        let to = |to: To| match to {
            To::Host(name) => name,
            To::Pattern(pattern) => format!("<{pattern}>"),
            To::Template(text) => format!("?{text}"),
        };
        let text = task.get("delegate_to").and_then(Node::text).unwrap();
        reach(text, &task).into_iter().map(to).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_written_is_followed_and_the_rest_is_left_open() {
        for (task, expected) in [
            ("delegate_to: lb1", "lb1"),
            ("{delegate_to: '{{ item }}', loop: [lb1, lb2]}", "lb1 lb2"),
            ("{delegate_to: '{{ lb }}', with_items: [lb1], loop_control: {loop_var: lb}}", "lb1"),
            ("{delegate_to: '{{ item }}.eu', loop: [lb1, lb2]}", "lb1.eu lb2.eu"),
            (r#"delegate_to: "{{ groups['lb'][0] }}""#, "<lb>"),
            ("delegate_to: '{{ groups.lb | first }}'", "<lb>"),
            (r#"{delegate_to: '{{ item }}', loop: "{{ groups['lb'] }}"}"#, "<lb>"),
            (r#"{delegate_to: '{{item}}', with_items: "{{ groups.lb | difference(['lb1']) }}"}"#, "<lb>"),
            ("{delegate_to: '{{ item }}', with_inventory_hostnames: ['lb:!lb2', db]}", "<lb:!lb2> <db>"),
            ("delegate_to: '{{ inventory_hostname }}'", ""),
            ("delegate_to: '{{ ansible_play_hosts[0] }}'", ""),
            ("delegate_to: '{{ play_hosts | first }}'", ""),
            ("delegate_to: '{{ groups.lb | union(groups.db) }}'", "?{{ groups.lb | union(groups.db) }}"),
            ("delegate_to: '{{ groups[where][0] }}'", "?{{ groups[where][0] }}"),
            ("delegate_to: '{{ where }}'", "?{{ where }}"),
            ("{delegate_to: '{{ item }}', loop: '{{ where }}'}", "?{{ item }}"),
            ("{delegate_to: '{{ item }}', loop: [lb1, '{{ where }}']}", "?{{ item }}"),
            ("{delegate_to: '{{ item }}', with_inventory_hostnames: '{{ where }}'}", "?{{ item }}"),
        ] {
            assert_eq!(of(task), expected, "{task}");
        }
    }
}
