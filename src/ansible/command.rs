//! From what was asked to an argv. Two forms: the one that people see and can paste, which asks for secrets itself,
//! and the child's own, which reads them from files (FIFOs) that are named on it. Neither holds a secret.

use super::ask::{Adhoc, Ask, Common, ExtraVars, Play, Shell};
use super::quote;
use super::secrets::{SecretName, Served};
use std::path::Path;

/// The command as people see it; pasted into a shell in the project's folder it does the same.
///
/// `secrets` are those that the person gave, or would be asked for: `-K`, `-k`, `--ask-vault-pass`. Private prompts add
/// nothing: `ansible-playbook` asks for them by itself.
/// Secret variables stand in it as what fetches them from the run; here from none yet: see [`shown_of`].
pub fn shown(ask: &Ask, secrets: &[SecretName]) -> Vec<String> {
    shown_of(ask, secrets, "...")
}

/// As [`shown`], for a run: `run` is how `opsdeck values` is told which.
pub fn shown_of(ask: &Ask, secrets: &[SecretName], run: &str) -> Vec<String> {
    let mut argv = Argv::new(ask, &|names| vec![quote::values(run, names)]);
    for name in secrets {
        match name {
            SecretName::Become => argv.flag("-K", true),
            SecretName::Connection => argv.flag("-k", true),
            SecretName::Vault(id) if id == "default" => argv.flag("--ask-vault-pass", true),
            SecretName::Vault(id) => argv.option("--vault-id", Some(&format!("{id}@prompt"))),
            SecretName::Prompt(_) | SecretName::Extra(_) => {}
        }
    }
    // The last of all: whatever follows `--` is the command.
    if let Ask::Shell(shell) = ask {
        argv.0.extend(["--".to_owned(), shell.command.clone()]);
    }
    argv.0
}

/// The command as the child gets it, with `tool` (the path of `ansible` or `ansible-playbook`) in front.
pub fn child(ask: &Ask, tool: &Path, secrets: Option<&Served>) -> Vec<String> {
    let path = |name: &String| secrets.and_then(|served| served.extra(name)).map(|path| format!("@{}", path.display()));
    let mut argv = Argv::new(ask, &|names| names.iter().filter_map(path).collect());
    argv.0[0] = tool.to_string_lossy().into_owned();
    argv.0.extend(secrets.map(passwords).unwrap_or_default());
    argv.0
}

/// The options that tell `ansible` and `ansible-playbook` where to read what is served.
pub fn passwords(served: &Served) -> Vec<String> {
    let mut argv = Argv(Vec::new());
    for (name, path) in served.files() {
        let path = path.to_string_lossy();
        match name {
            SecretName::Become => argv.option("--become-password-file", Some(&path)),
            SecretName::Connection => argv.option("--connection-password-file", Some(&path)),
            SecretName::Vault(id) if id == "default" => argv.option("--vault-password-file", Some(&path)),
            SecretName::Vault(id) => argv.option("--vault-id", Some(&format!("{id}@{path}"))),
            SecretName::Prompt(_) | SecretName::Extra(_) => {}
        }
    }
    if let Some(path) = served.prompts() {
        argv.option("--extra-vars", Some(&format!("@{}", path.display())));
    }
    argv.0
}

/// `-e` text that gives one variable exactly this text: JSON, so that no character of it means anything to Ansible.
pub fn extra_var(name: &str, value: &str) -> String {
    serde_json::json!({ name: value }).to_string()
}

struct Argv(Vec<String>);

/// What stands behind `--extra-vars` for variables that travel as secrets; one option each.
type Hidden<'a> = &'a dyn Fn(&[String]) -> Vec<String>;

impl Argv {
    fn new(ask: &Ask, hidden: Hidden<'_>) -> Self {
        match ask {
            Ask::Adhoc(adhoc) => Self::adhoc(adhoc, hidden),
            Ask::Playbook(play) => Self::playbook(play, hidden),
            Ask::Shell(shell) => Self::shell(shell, hidden),
        }
    }

    /// Without the command, which stands behind all options.
    fn shell(shell: &Shell, hidden: Hidden<'_>) -> Self {
        let mut argv = Self(vec!["opsdeck".into(), "sh".into(), shell.pattern.clone()]);
        argv.sources(&shell.common);
        argv.common(&shell.common, hidden);
        argv.option("--timeout", Some(&shell.timeout.to_string()));
        argv.option("--max-output", shell.max_output.map(|bytes| bytes.to_string()).as_deref());
        argv
    }

    fn adhoc(adhoc: &Adhoc, hidden: Hidden<'_>) -> Self {
        let mut argv = Self(vec!["ansible".into()]);
        // one that begins with `-` would be read as an option; an empty pattern before it selects nothing
        let none = if adhoc.pattern.starts_with('-') { "," } else { "" };
        argv.0.push(format!("{none}{}", adhoc.pattern));
        argv.sources(&adhoc.common);
        argv.option("-m", Some(&adhoc.module));
        argv.option("-a", adhoc.args.as_deref());
        argv.common(&adhoc.common, hidden);
        argv
    }

    fn playbook(play: &Play, hidden: Hidden<'_>) -> Self {
        let mut argv = Self(vec!["ansible-playbook".into()]);
        // a name that begins with `-` would be read as an option
        let here = if play.playbook.starts_with('-') { "./" } else { "" };
        argv.0.push(format!("{here}{}", play.playbook));
        argv.sources(&play.common);
        for (option, tags) in [("--tags", &play.tags), ("--skip-tags", &play.skip_tags)] {
            argv.option(option, (!tags.is_empty()).then(|| tags.join(",")).as_deref());
        }
        argv.option("--start-at-task", play.start_at_task.as_deref());
        argv.common(&play.common, hidden);
        argv
    }

    fn sources(&mut self, common: &Common) {
        for source in &common.inventory {
            self.option("-i", Some(source));
        }
        self.option("--limit", common.limit.as_deref());
    }

    fn common(&mut self, common: &Common, hidden: Hidden<'_>) {
        self.flag("--become", common.r#become);
        self.option("--become-user", common.become_user.as_deref());
        self.option("--user", common.user.as_deref());
        self.option("--forks", common.forks.map(|n| n.to_string()).as_deref());
        self.flag("--check", common.check);
        self.flag("--diff", common.diff);
        for vars in &common.extra_vars {
            match vars {
                ExtraVars::Text(text) => self.option("--extra-vars", Some(text)),
                ExtraVars::Secret { secret } => {
                    hidden(secret).iter().for_each(|word| self.option("--extra-vars", Some(word)));
                }
            }
        }
        let loud = "v".repeat(usize::from(common.verbosity.min(6)));
        self.flag(&format!("-{loud}"), !loud.is_empty());
    }

    fn flag(&mut self, flag: &str, set: bool) {
        if set {
            self.0.push(flag.to_owned());
        }
    }

    /// Option and value; glued together where a value that begins with `-` would be taken for another option.
    fn option(&mut self, option: &str, value: Option<&str>) {
        match value {
            None => {}
            Some(value) if value.starts_with('-') && option.starts_with("--") => {
                self.0.push(format!("{option}={value}"));
            }
            Some(value) if value.starts_with('-') => self.0.push(format!("{option}{value}")),
            Some(value) => self.0.extend([option.to_owned(), value.to_owned()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ansible::quote::shell;

    fn common() -> Common {
        Common {
            inventory: vec!["inventories/prod".into(), "extra,".into()],
            limit: Some("web:!web3".into()),
            r#become: true,
            forks: Some(20),
            check: true,
            diff: true,
            extra_vars: vec!["a=1".into(), r#"{"b": "x y"}"#.into()],
            verbosity: 2,
            ..Common::default()
        }
    }

    #[test]
    fn an_adhoc_command_reads_as_people_write_it() {
        let ask = Ask::Adhoc(Adhoc {
            pattern: "web*".into(),
            module: "service".into(),
            args: Some("name=nginx state=restarted".into()),
            common: Common { inventory: vec!["hosts".into()], r#become: true, ..Common::default() },
        });
        let line = shell(&shown(&ask, &[SecretName::Become, SecretName::Vault("default".into())]));
        let expected =
            "ansible 'web*' -i hosts -m service -a 'name=nginx state=restarted' --become -K --ask-vault-pass";
        assert_eq!(line, expected);
    }

    #[test]
    fn a_playbook_has_every_option_it_was_given() {
        let ask = Ask::Playbook(Play {
            playbook: "site.yml".into(),
            tags: vec!["app".into(), "db".into()],
            skip_tags: vec!["slow".into()],
            start_at_task: Some("-odd name".into()),
            common: common(),
        });
        let line = shell(&shown(&ask, &[SecretName::Vault("prod".into()), SecretName::Prompt("pw".into())]));
        let expected = "ansible-playbook site.yml -i inventories/prod -i extra, --limit 'web:!web3' --tags app,db \
                        --skip-tags slow '--start-at-task=-odd name' --become --forks 20 --check --diff --extra-vars a=1 \
                        --extra-vars '{\"b\": \"x y\"}' -vv --vault-id prod@prompt";
        assert_eq!(line, expected);
    }

    #[test]
    fn nothing_that_begins_with_a_dash_becomes_an_option() {
        let odd = || Some("-e@/etc/passwd".to_owned());
        let common = Common {
            inventory: vec!["-x".into()],
            limit: odd(),
            become_user: odd(),
            user: odd(),
            extra_vars: vec!["-x".into()],
            ..Common::default()
        };
        let (pattern, module) = ("--playbook-dir=/tmp".to_owned(), "-x".to_owned());
        let adhoc = Ask::Adhoc(Adhoc { pattern, module, args: odd(), common: common.clone() });
        let (playbook, tags) = ("-e@x.yml".to_owned(), vec!["-x".to_owned()]);
        let play = Ask::Playbook(Play { playbook, skip_tags: tags.clone(), tags, start_at_task: odd(), common });
        let known = [
            "-i",
            "-m",
            "-a",
            "--limit=",
            "--become-user=",
            "--user=",
            "--extra-vars=",
            "--tags=",
            "--skip-tags=",
            "--start-at-task=",
        ];
        for ask in [adhoc, play] {
            for word in shown(&ask, &[]).iter().skip(1).filter(|word| word.starts_with('-')) {
                assert!(known.iter().any(|option| word.starts_with(&format!("{option}-"))), "{word}");
            }
        }
    }

    #[test]
    fn secret_variables_are_fetched_where_they_stood() {
        let hidden = ExtraVars::Secret { secret: vec!["db_password".into(), "odd one".into()] };
        let common = Common { extra_vars: vec!["a=1".into(), hidden, "b=2".into()], ..Common::default() };
        let ask = Ask::Playbook(Play { playbook: "site.yml".into(), common, ..Play::default() });
        let line = shell(&shown_of(&ask, &[], "0199"));
        let values = "\"@$(opsdeck values --fifo 0199 db_password 'odd one')\"";
        let expected = format!("ansible-playbook site.yml --extra-vars a=1 --extra-vars {values} --extra-vars b=2");
        assert_eq!(line, expected);
        assert_eq!(
            child(&ask, Path::new("/x"), None),
            ["/x", "site.yml", "--extra-vars", "a=1", "--extra-vars", "b=2"]
        );
    }

    #[test]
    fn a_shell_command_is_the_last_word() {
        let common = Common { inventory: vec!["hosts".into()], r#become: true, ..Common::default() };
        let ask = Ask::Shell(super::Shell {
            pattern: "web".into(),
            command: "a | b".into(),
            timeout: 30,
            common,
            ..super::Shell::default()
        });
        let line = shell(&shown(&ask, &[SecretName::Become]));
        assert_eq!(line, "opsdeck sh web -i hosts --become --timeout 30 -K -- 'a | b'");
    }

    #[test]
    fn a_value_with_quotes_and_braces_stays_itself() {
        assert_eq!(extra_var("a b", "x\"{{ y }}"), r#"{"a b":"x\"{{ y }}"}"#);
    }
}
