//! What single words and keys of a playbook say, whatever file they stand in.

use crate::yaml::{Kind, Node};

/// The items of a list; a single value counts as a list of one.
pub(super) fn list(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::Sequence(items) => items.iter().collect(),
        _ => vec![node],
    }
}

/// True if something may keep this node from running.
pub(super) fn conditional(node: &Node) -> bool {
    let never = |tags: &Node| {
        list(tags).iter().any(|tag| tag.text().is_some_and(|t| t.split(',').any(|t| t.trim() == "never")))
    };
    node.get("when").is_some() || node.get("tags").is_some_and(never)
}

/// True if Ansible fills in something before it uses the text.
pub fn templated(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|open| text.contains(open))
}

/// True if Ansible takes the text for a yes.
pub(super) fn truthy(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "y" | "yes" | "on" | "1" | "true" | "t" | "1.0")
}
