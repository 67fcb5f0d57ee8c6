//! An argv as one line that a shell reads back as the same argv.

use std::fmt::Write as _;

/// The line. Words of plain characters stand as they are, others in single quotes (in double ones where only those are
/// easy to read: a script for a shell within a shell); one that holds control characters is written `$'..'` as bash, zsh and ksh know it, so that the line stays one line and safe to show.
pub fn shell(argv: &[String]) -> String {
    argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:@%+=".contains(c);
    // A first word with `=` would be an assignment; `~` and globs are not plain at all.
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('=') {
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
