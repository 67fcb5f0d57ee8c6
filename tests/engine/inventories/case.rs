//! Cases in text files: `== name`, then `-i SOURCE`, `pattern PATTERN [@ LIMIT]` and `declines` lines, then files as
//! `--- path` with their text up to the next mark. `\t`-free and readable; see `ini.txt`.

use std::fs;
use std::path::Path;

#[derive(Debug, Default)]
pub struct Case {
    pub name: String,
    pub sources: Vec<String>,
    pub queries: Vec<(String, Option<String>)>,
    /// The native engine must decline, with these words in the reason.
    pub declines: Option<String>,
    /// Only the command itself can answer: the oracle has read its configuration already.
    pub command: bool,
    pub files: Vec<(String, String)>,
}

/// Asked of every case.
const ALWAYS: [&str; 8] = ["all", "*", "ungrouped", "all[0]", "all[-1]", "localhost", "~.*", "!ungrouped"];

impl Case {
    /// All cases of `tests/inventories/*.txt`, sorted by file and place.
    pub fn all() -> Vec<Case> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/inventories");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(|path| path.extension().is_some_and(|ext| ext == "txt"));
        files.sort();
        files.iter().flat_map(|file| Self::read(&fs::read_to_string(file).unwrap())).collect()
    }

    fn read(text: &str) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for line in text.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            if let Some(name) = bare.strip_prefix("== ") {
                cases.push(Case { name: name.to_owned(), ..Case::default() });
                continue;
            }
            let Some(case) = cases.last_mut() else { continue };
            if let Some(path) = bare.strip_prefix("--- ") {
                case.files.push((path.to_owned(), String::new()));
            } else if let Some((_, content)) = case.files.last_mut() {
                content.push_str(line);
            } else if let Some(source) = bare.strip_prefix("-i ") {
                case.sources.push(source.to_owned());
            } else if let Some(pattern) = bare.strip_prefix("pattern ") {
                let (pattern, limit) = match pattern.split_once(" @ ") {
                    Some((pattern, limit)) => (pattern, Some(limit.to_owned())),
                    None => (pattern, None),
                };
                case.queries.push((pattern.to_owned(), limit));
            } else if bare == "command" {
                case.command = true;
            } else if let Some(words) = bare.strip_prefix("declines ") {
                case.declines = Some(words.to_owned());
            } else {
                assert!(bare.is_empty() || bare.starts_with("# "), "case {}: what is `{bare}`?", case.name);
            }
        }
        for case in &mut cases {
            if case.sources.is_empty() {
                case.sources.push(case.files[0].0.clone());
            }
            case.queries.extend(ALWAYS.iter().map(|pattern| ((*pattern).to_owned(), None)));
        }
        cases
    }

    /// Writes the files below `root`. `\x00`-style escapes `{TAB}`, `{CR}` and `{NEL}` stand for what editors eat.
    pub fn write(&self, root: &Path) {
        for (path, content) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let content = content.replace("{TAB}", "\t").replace("{CR}", "\r").replace("{NEL}", "\u{85}");
            fs::write(path, content).unwrap();
        }
    }
}
