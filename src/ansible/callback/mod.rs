//! Our callback plugin, and how it gets onto the disk. What it writes is decoded in `event`.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The plugin's text.
pub const SOURCE: &str = include_str!("opsdeck.py");

/// Puts the plugin into `<dir>/<digest of its text>/opsdeck.py`, once, and returns the folder to put first on
/// `ANSIBLE_CALLBACK_PLUGINS`.
///
/// Two versions of opsdeck never write to the same place, and a run never sees half a file: it is written beside and
/// renamed. An existing file that differs (somebody edited it) is written again.
///
/// # Errors
/// What the disk said.
pub fn install(dir: &Path) -> io::Result<PathBuf> {
    let folder = dir.join(digest());
    let path = folder.join("opsdeck.py");
    if crate::open::read_own(&path, crate::open::WRITTEN).is_ok_and(|found| found == SOURCE.as_bytes()) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    let beside = folder.join(format!(".opsdeck.{}.{:?}", std::process::id(), std::thread::current().id()));
    let written = (|| {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(SOURCE.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    })();
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written.map(|()| folder)
}

fn digest() -> String {
    let mut name = String::new();
    for byte in &Sha256::digest(SOURCE.as_bytes())[..8] {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_once_whole_and_healed_when_edited() {
        let dir = tempfile::tempdir().unwrap();
        let folder = install(dir.path()).unwrap();
        let file = folder.join("opsdeck.py");
        let before = std::fs::metadata(&file).unwrap().modified().unwrap();
        assert_eq!(install(dir.path()).unwrap(), folder);
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), before, "not written again");
        std::fs::write(&file, "import broken").unwrap();
        install(dir.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), SOURCE);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing else lies there");
    }
}
