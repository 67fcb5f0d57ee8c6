//! The names that extra vars give: `-e` takes `key=value ..`, JSON, YAML, or `@FILE`.

use crate::ansible::ask::ExtraVars;
use crate::open;
use crate::yaml;
use std::collections::BTreeSet;
use std::path::Path;

/// Names of the variables that these `--extra-vars` set. A file is read relative to `cwd`; what cannot be read
/// (encrypted, missing) gives no names: Ansible then fails, or asks.
pub fn given_names(extra_vars: &[ExtraVars], cwd: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for extra in extra_vars {
        names.extend(extra.secret().iter().cloned());
        let text = extra.text().unwrap_or_default().trim_start();
        if let Some(file) = text.strip_prefix('@') {
            names.extend(keys(&open::text_given(&cwd.join(file), open::FLEET).unwrap_or_default()));
        } else if text.starts_with(['{', '[', '/', '.']) {
            names.extend(keys(text));
        } else {
            names.extend(pairs(text).into_iter().map(|(name, _)| name));
        }
    }
    names
}

fn keys(text: &str) -> Vec<String> {
    let tree = yaml::parse_one(text).ok().flatten();
    let entries = tree.iter().flat_map(|tree| tree.entries());
    entries.filter_map(|(key, _)| key.text().map(str::to_owned)).collect()
}

/// `key=value` words of a text, quotes taken off; words without `=` are passed over.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let (mut pairs, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut take = |word: &mut String| {
        if let Some((name, value)) = std::mem::take(word).split_once('=').filter(|(name, _)| !name.is_empty()) {
            pairs.push((name.to_owned(), value.to_owned()));
        }
    };
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, c) if c.is_whitespace() => take(&mut word),
            (_, c) => word.push(c),
        }
    }
    take(&mut word);
    pairs
}
