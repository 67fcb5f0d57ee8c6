//! Our callback plugin, and how it gets onto the disk. What it writes is decoded in `event`.

use crate::state::file;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

pub const SOURCE: &str = include_str!("opsdeck.py");

/// Puts the plugin into `<dir>/<digest of its text>/opsdeck.py`, once, and returns the folder to put first on
/// `ANSIBLE_CALLBACK_PLUGINS`.
///
/// Two versions of opsdeck never write to the same place, and a run never sees half a file: it is written beside and
/// renamed. An existing file that differs (somebody edited it) is written again. Ansible runs whatever lies in that folder: one
/// in which anything is not ours alone is put aside, and made anew.
///
/// # Errors
/// What the disk said; or `dir` itself is another's, or others may write to it.
pub fn install(dir: &Path) -> io::Result<PathBuf> {
    let folder = dir.join(digest());
    let path = folder.join("opsdeck.py");
    if let Err(why) = is_ours(&folder) {
        file::own_dir(dir)?;
        let aside = dir.join(format!("aside-{}", uuid::Uuid::now_v7()));
        tracing::warn!("{why}: the folder of our plugin is put aside as {} and made anew", aside.display());
        std::fs::rename(&folder, aside).map_err(|e| file::at(&folder, "put aside", e))?;
    }
    if crate::open::read_own(&path, crate::open::WRITTEN).is_ok_and(|found| found == SOURCE.as_bytes()) {
        return Ok(folder);
    }
    file::private_dir(&folder)?;
    file::write_whole(&path, SOURCE.as_bytes())?;
    Ok(folder)
}

/// Everything in the folder is ours, no link, and nobody else may write to it; so is a folder that is not there.
fn is_ours(folder: &Path) -> io::Result<()> {
    match file::own_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in std::fs::read_dir(folder)? {
        let (entry, odd) = (entry?, |what: &str| io::Error::other(format!("{}: {what}", folder.display())));
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        match name.as_str() {
            "__pycache__" => {
                file::own_dir(&path)?;
                for compiled in std::fs::read_dir(&path)? {
                    file::own_file(&compiled?.path())?;
                }
            }
            // The other is what a writer left that was killed.
            name if name == "opsdeck.py" || name.starts_with(".opsdeck.") => {
                file::own_file(&path)?;
            }
            name => return Err(odd(&format!("{name} is none of ours"))),
        }
    }
    Ok(())
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

    #[test]
    fn a_folder_in_which_anything_is_not_ours_alone_is_put_aside() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
        let harm: [&dyn Fn(&Path); 5] = [
            &|folder| std::fs::write(folder.join("e.py"), "evil").unwrap(),
            &|folder| std::os::unix::fs::symlink("/etc/passwd", folder.join("e.py")).unwrap(),
            &|folder| open(folder),
            &|folder| open(&folder.join("opsdeck.py")),
            &|folder| {
                std::fs::create_dir(folder.join("__pycache__")).unwrap();
                open(&folder.join("__pycache__"));
            },
        ];
        for (n, harm) in harm.iter().enumerate() {
            harm(&install(dir.path()).unwrap());
            let folder = install(dir.path()).unwrap();
            assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "after harm {n}");
            assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o022, 0, "after harm {n}");
        }
        harm[0](&install(dir.path()).unwrap());
        open(dir.path());
        let why = install(dir.path()).unwrap_err().to_string();
        assert!(why.contains("others may write to"), "{why}");
    }
}
