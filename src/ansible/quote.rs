//! An argv as one line that a shell reads back as the same argv.

use std::fmt::Write as _;

/// The line. Words of plain characters stand as they are, others in single quotes (in double ones where only those are
/// easy to read: a script for a shell within a shell); one that holds control characters is written `$'..'` as bash, zsh and ksh know it, so that the line stays one line and safe to show.
pub fn shell(argv: &[String]) -> String {
    argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

/// What begins and ends a word that fetches secret variables; the shell runs it.
const FETCH: (&str, &str) = ("@$(opsdeck values --fifo ", ")");

/// The word behind `-e` that fetches secret variables of a run: a shell makes of it `@` and the path of a FIFO. Not
/// `@<(..)`: Ansible resolves the path behind the `@`, and a pipe of the shell has none.
pub fn values(run: &str, names: &[String]) -> String {
    let names: String = names.iter().map(|name| format!(" {}", quote(name))).collect();
    format!("{}{run}{names}{}", FETCH.0, FETCH.1)
}

/// True for a word of [`values`] and nothing else: what stands within is words of plain characters, or in single quotes,
/// so that no shell finds anything else to do there.
fn fetches(word: &str) -> bool {
    let Some(within) = word.strip_prefix(FETCH.0).and_then(|rest| rest.strip_suffix(FETCH.1)) else { return false };
    let mut quoted = false;
    within.chars().all(|c| {
        quoted ^= c == '\'';
        c == '\'' || if quoted { !c.is_control() && c != '!' } else { c == ' ' || is_plain(c) }
    }) && !quoted
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./,:@%+=".contains(c)
}

fn quote(word: &str) -> String {
    if fetches(word) {
        return format!("\"{word}\"");
    }
    // A first word with `=` would be an assignment; `~` and globs are not plain at all.
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('=') {
        return word.to_owned();
    }
    if !word.chars().any(char::is_control) {
        // An interactive shell expands `!` between double quotes, too.
        if word.contains('\'') && !word.contains(['"', '$', '`', '\\', '!']) {
            return format!("\"{word}\"");
        }
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut quoted = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => {
                // octal, three digits a byte: the one form that all of them read alike
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    let _ = write!(quoted, "\\{byte:03o}");
                }
            }
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::shell;
    use proptest::prelude::*;
    use std::process::Command;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    /// What a shell makes of the line: its words, each ended by a NUL.
    fn read_back(shell: &str, line: &str) -> Vec<String> {
        let script = format!("printf '%s\\0' {line}");
        let output = Command::new(shell).args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn plain_words_stay_plain() {
        let argv = words(&["ansible", "web*", "-i", "inventories/prod", "-a", "name=nginx state=restarted", "it's"]);
        assert_eq!(shell(&argv), r#"ansible 'web*' -i inventories/prod -a 'name=nginx state=restarted' "it's""#);
        assert_eq!(shell(&words(&["it's $HOME"])), r"'it'\''s $HOME'");
        assert_eq!(shell(&words(&["a\nb\u{1b}[31m"])), r"$'a\nb\033[31m'");
    }

    #[test]
    fn only_what_fetches_values_is_left_to_the_shell() {
        let word = super::values("0199a", &words(&["db_password", "a b"]));
        assert_eq!(word, "@$(opsdeck values --fifo 0199a db_password 'a b')");
        assert_eq!(shell(&[word]), "\"@$(opsdeck values --fifo 0199a db_password 'a b')\"");
        for hostile in ["0199; id", "$(id)", "`id`", "a' $(id)", "'a", "a\" id \"", "a\\'b", "a)$(id", "a>b", "!x"] {
            let word = format!("@$(opsdeck values --fifo {hostile})");
            assert_eq!(shell(std::slice::from_ref(&word)), format!("'{}'", word.replace('\'', r"'\''")));
        }
        assert_eq!(read_back("bash", &shell(&words(&["@$(opsdeck values --fifo $(id))"]))).len(), 1);
    }

    proptest! {
        #![proptest_config(crate::cases::cases(48))]

        #[test]
        fn sh_reads_back_the_same_words(argv in proptest::collection::vec("[^\\p{Cc}]{0,12}", 1..8)) {
            prop_assert_eq!(read_back("sh", &shell(&argv)), argv);
        }

        #[test]
        fn bash_reads_back_control_characters_too(argv in proptest::collection::vec("[^\0]{0,12}", 1..8)) {
            prop_assert_eq!(read_back("bash", &shell(&argv)), argv);
        }
    }
}
