//! The answer to a question about a process, a lock or a file: yes, no, or that it cannot be told. What cannot be told
//! never frees, ends, starts or revives anything.

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Yes,
    /// Certainly not.
    No,
    /// It cannot be told, and why.
    Unknown(String),
}

impl Answer {
    /// What is there, from an attempt to look at it: only "no such file" says that it is not.
    pub fn is_there(path: &std::path::Path) -> Answer {
        match std::fs::symlink_metadata(path) {
            Ok(_) => Answer::Yes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Answer::No,
            Err(e) => Answer::Unknown(super::file::at(path, "look at", e).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_there_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        assert_eq!(Answer::is_there(&file), Answer::No);
        std::fs::write(&file, "").unwrap();
        assert_eq!(Answer::is_there(&file), Answer::Yes);
        assert!(
            matches!(Answer::is_there(&file.join("below")), Answer::Unknown(why) if why.contains("Not a directory"))
        );
    }
}
