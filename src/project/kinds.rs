//! What a file beside inventories is, by its name and its first bytes: hosts, or what is never passed to `-i`.

use crate::open;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const LOOK: u64 = 64 << 10;
/// Endings of inventories.
const ENDS: [&str; 8] = ["yml", "yaml", "json", "toml", "ini", "inventory", "hosts", "inv"];
/// Parts of a name that say: hosts.
const SAYS: [&str; 4] = ["hosts", "inventory", "inv", "dynamic"];
/// Parts of a name that say: a secret, a template, an example.
const NEVER: [&str; 23] = [
    "pass",
    "pwd",
    "pw",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "tokens",
    "credential",
    "credentials",
    "creds",
    "key",
    "keys",
    "example",
    "examples",
    "sample",
    "template",
    "templates",
    "tmpl",
    "tpl",
    "dist",
    "old",
    "disabled",
];
/// Endings of what is no inventory, whatever comes before.
const NEVER_ENDS: [&str; 24] = [
    "j2", "jinja", "jinja2", "erb", "tmp", "save", "off", "pem", "pub", "crt", "cert", "cer", "csr", "p12", "gpg",
    "asc", "age", "enc", "lock", "log", "patch", "diff", "tfvars", "tfstate",
];
const DOCUMENTS: [&str; 8] =
    ["readme", "license", "makefile", "vagrantfile", "dockerfile", "jenkinsfile", "codeowners", "justfile"];

/// The first bytes of a file and what its name says.
struct Look<'a> {
    path: &'a Path,
    name: String,
    text: String,
    executable: bool,
}

impl<'a> Look<'a> {
    /// `None`: no file of text.
    fn at(path: &'a Path) -> Option<Self> {
        let meta = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let mut bytes = Vec::new();
        open::given(path).and_then(|f| f.take(LOOK).read_to_end(&mut bytes)).ok()?;
        if bytes.contains(&0) {
            return None;
        }
        let executable = meta.permissions().mode() & 0o111 != 0;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(Self { path, name: file_name(path).to_lowercase(), text, executable })
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.name.split(['.', '-', '_'])
    }

    fn end(&self) -> Option<&str> {
        self.path.extension().and_then(|end| end.to_str())
    }

    fn is_yaml(&self) -> bool {
        matches!(self.end(), Some("yml" | "yaml" | "json"))
    }

    fn says_hosts(&self) -> bool {
        self.parts().any(|part| SAYS.contains(&part))
    }

    /// Lines of content.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']))
    }

    /// A file that nobody passes to `-i`, by its name or what it begins with.
    fn is_never(&self) -> bool {
        let ssh = ["known_hosts", "ssh_known_hosts", "ssh_config", "ssh.cfg", "ssh.config", "sshconfig", "authorized_"];
        let id = ["id_rsa", "id_ed25519", "id_ecdsa", "id_dsa"];
        let called = ssh.iter().chain(&id).any(|start| self.name.starts_with(start))
            || self.name.contains("password")
            || self.name.contains("passwd")
            || self.end().is_some_and(|end| NEVER_ENDS.contains(&end))
            || self.parts().count() > 1 && self.parts().any(|part| NEVER.contains(&part))
            || self.name.contains("vault") && (!self.is_yaml() || self.name.contains("pass"))
            || ["secret", "secrets", "password", "token", "key"].contains(&self.name.as_str());
        called || self.reads_like_keys() || self.reads_like_a_template()
    }

    fn reads_like_keys(&self) -> bool {
        let key =
            |word: &str| word.starts_with("ssh-") || word.starts_with("ecdsa-sha2-") || word.starts_with("sk-ssh-");
        self.lines().take(3).any(|line| {
            let mut words = line.split_whitespace();
            line.starts_with("-----BEGIN")
                || line.split_whitespace().take(4).any(key) && line.contains(" AAAA")
                || matches!(words.next(), Some("Host" | "Match" | "Include" | "ProxyJump" | "IdentityFile"))
        })
    }

    /// Of a whole file, not of a variable in it: Ansible's own templates stand in quotes, or after an equals sign.
    fn reads_like_a_template(&self) -> bool {
        let begins = |line: &str| ["{%", "{{", "<%"].iter().any(|sign| line.trim_start().starts_with(sign));
        self.lines().any(begins) && !self.text.starts_with("#!")
    }

    fn is_inventory(&self) -> bool {
        if self.is_never() {
            return false;
        }
        if self.text.starts_with("#!") {
            return self.executable
                && (self.says_hosts() || self.text.contains("--list") || self.text.contains("_meta"));
        }
        if self.text.starts_with("$ANSIBLE_VAULT") {
            return self.says_hosts();
        }
        let any = self.lines().next().is_some();
        match self.end() {
            Some("yml" | "yaml" | "json") => yaml_has_hosts(&self.text),
            // What only the plugin `constructed` reads.
            Some("config") => self.text.lines().any(|line| line.starts_with("plugin:")),
            Some("toml") => self.text.contains("hosts"),
            Some("ini" | "inventory" | "hosts" | "inv") => any,
            Some(_) => (self.name.starts_with("hosts") || self.name.starts_with("inventory")) && any,
            None if DOCUMENTS.contains(&self.name.as_str()) => false,
            None if self.says_hosts() || is_environment_word(&self.name) => any,
            None => self.reads_like_hosts(),
        }
    }

    /// A section, a variable of a host, or more than one line of single words.
    fn reads_like_hosts(&self) -> bool {
        let section = |line: &str| line.starts_with('[') && line.trim_end().ends_with(']');
        let host = |line: &str| line.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c));
        let variables = |line: &str| line.split_once(char::is_whitespace).is_some_and(|(_, rest)| rest.contains('='));
        if self.lines().any(|line| line.contains(" = ") || line.trim_end().ends_with('{')) {
            return false;
        }
        self.lines().any(|line| section(line) || variables(line))
            || self.lines().count() > 1 && self.lines().all(|line| host(line.trim()))
    }
}

/// The last part of a path, as text; empty where it is none.
pub fn file_name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// True if the file looks like an inventory: a script, a plugin's configuration, INI, TOML or YAML with hosts.
pub fn is_inventory(path: &Path) -> bool {
    Look::at(path).is_some_and(|look| look.is_inventory())
}

/// One word and nothing that says hosts: may be a host, may be a password.
pub fn is_doubtful(path: &Path) -> bool {
    let one = |look: &Look<'_>| {
        let mut lines = look.lines();
        lines.next().is_some_and(|line| !line.trim().contains(char::is_whitespace)) && lines.next().is_none()
    };
    Look::at(path).is_some_and(|look| look.end().is_none() && !look.is_never() && one(&look))
}

/// Whether a file that Ansible passes over in a folder may be meant by its own name.
pub fn may_stand_alone(path: &Path) -> bool {
    path.extension().is_none_or(|end| ENDS.iter().any(|known| end == *known)) && !file_name(path).ends_with('~')
}

/// Words by which teams call environments.
pub fn is_environment_word(stem: &str) -> bool {
    let words = [
        "prod", "prd", "live", "stag", "stg", "dev", "test", "tst", "qa", "uat", "lab", "demo", "preprod", "pre",
        "sandbox", "local", "dr", "int", "acc", "canary", "edge", "vagrant",
    ];
    stem.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|part| {
        words.iter().any(|word| part == *word || (word.len() > 3 && part.starts_with(word)) || part.starts_with("dev"))
    })
}

/// Hosts or groups where an inventory has them: in a group at the top, or a plugin's name.
fn yaml_has_hosts(text: &str) -> bool {
    let content = |line: &&str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("---") && !line.starts_with('%')
    };
    let mut lines = text.lines().filter(content).peekable();
    match lines.peek().map(|line| line.trim_start()) {
        None => return false,
        // A list: plays, tasks or requirements.
        Some(first) if first.starts_with(['-', '[']) => return false,
        Some(first) if first.starts_with('{') => return json_has_hosts(text),
        Some(_) => {}
    }
    let mut inner = None;
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let (key, value) = match line.trim().split_once(':') {
            Some((key, value)) => (key.trim_matches(['"', '\'', '?', ' ']), value.trim()),
            None => continue,
        };
        if indent == 0 {
            inner = None;
            if key == "plugin" || value.starts_with('{') && json_has_hosts(value) {
                return true;
            }
            continue;
        }
        let own = *inner.get_or_insert(indent);
        let list = lines.peek().is_some_and(|next| next.trim_start().starts_with('-'));
        let group = value.is_empty() && !list || ['{', '#', '&', '*', '!', '~'].iter().any(|c| value.starts_with(*c));
        if indent == own && ["hosts", "children"].contains(&key) && (group || value == "null") {
            return true;
        }
    }
    false
}

/// As JSON or in one line: a key of such a name anywhere.
fn json_has_hosts(text: &str) -> bool {
    ["hosts", "children", "plugin", "_meta"].iter().any(|word| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].trim_start_matches(['"', '\'']).trim_start();
            after.starts_with(':') && before.is_none_or(|c| c.is_whitespace() || "\"'{,".contains(c))
        })
    })
}
