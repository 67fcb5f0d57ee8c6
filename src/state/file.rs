//! Files that are whole or absent, and that only their owner can read. No knowledge of what is in them.

use crate::open;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Creates a folder and its parents, readable by the owner alone (0700). One that exists is left as it is.
pub fn private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| at(path, "create the folder", e))
}

/// Waits until what was created in a folder is on the disk.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|e| at(path, "sync", e))
}

/// Opens a file to append to, creating it for the owner alone (0600).
pub fn append(path: &Path) -> io::Result<File> {
    open::own_with(OpenOptions::new().append(true).create(true).mode(0o600), path).map_err(|e| at(path, "open", e))
}

/// Makes sure that a file exists, created empty for the owner alone (0600). One that exists is never opened: closing any
/// descriptor of an SQLite database drops every lock that this process holds on it (POSIX), and another process then takes
/// the write-ahead log away under an open connection ("disk I/O error").
pub fn ensure(path: &Path) -> io::Result<()> {
    // Two threads: the second may connect only when the first has closed what it created.
    static CREATING: Mutex<()> = Mutex::new(());
    let _one = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(at(path, "create", e)),
        _ => Ok(()),
    }
}

/// Reads a secret: a file that belongs to whoever runs this or to root, and that nobody else may read. Wiped when dropped.
///
/// # Errors
/// It cannot be read, is no text, or others may read it.
pub fn read_private(path: &Path) -> io::Result<Zeroizing<String>> {
    let file = open::given(path).map_err(|e| at(path, "open", e))?;
    let meta = file.metadata().map_err(|e| at(path, "read", e))?;
    let own = [0, rustix::process::geteuid().as_raw()].contains(&meta.uid());
    if !own || meta.mode() & 0o077 != 0 {
        let why = format!("others may read {0}, which holds a secret: chmod 600 {0}, as its owner", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    // Full size from the start: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(open::WORD as usize + 1));
    file.take(open::WORD).read_to_string(&mut text).map_err(|e| at(path, "read", e))?;
    Ok(text)
}

/// Reads a file that is acted upon: a plain one that belongs to whoever runs this, not what a link leads to.
///
/// # Errors
/// It cannot be read, or is none of these.
pub fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let file = open::own(path).map_err(|e| at(path, "open", e))?;
    owned(path, &file.metadata().map_err(|e| at(path, "look at", e))?)?;
    open::whole(file, open::SPEC).map_err(|e| at(path, "read", e))
}

/// Looks whether a path is a folder, no link to one, that belongs to whoever runs this.
///
/// # Errors
/// It is not, or cannot be looked at.
pub fn own_dir(path: &Path) -> io::Result<Metadata> {
    let meta = std::fs::symlink_metadata(path).map_err(|e| at(path, "look at", e))?;
    owned(path, &meta)?;
    match meta.is_dir() {
        true => Ok(meta),
        false => Err(io::Error::new(io::ErrorKind::NotADirectory, format!("{} is no folder", path.display()))),
    }
}

/// Looks whether a path is a regular file, no link, that belongs to whoever runs this and to which nobody else may write.
///
/// # Errors
/// It is not, or cannot be looked at.
pub fn own_file(path: &Path) -> io::Result<Metadata> {
    let meta = std::fs::symlink_metadata(path).map_err(|e| at(path, "look at", e))?;
    owned(path, &meta)?;
    match meta.is_file() {
        true => Ok(meta),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is no regular file", path.display()))),
    }
}

fn owned(path: &Path, meta: &Metadata) -> io::Result<()> {
    let (me, uid, path) = (rustix::process::geteuid().as_raw(), meta.uid(), path.display());
    let why = match uid == me {
        true if meta.mode() & 0o022 == 0 => return Ok(()),
        true => {
            format!("others may write to {path} (chmod go-w {path}, if what lies there is yours): nothing in it is run")
        }
        false => format!("{path} belongs to uid {uid}, not to uid {me}: nothing in it is run"),
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

/// Writes a file whole or not at all: a temporary file beside it, fsync, rename, fsync of the folder. 0600.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    replace(path, content, true)
}

/// As [`write_whole`], but without fsync: for a cache that is checked when it is read.
pub fn write_cache(path: &Path, content: &[u8]) -> io::Result<()> {
    replace(path, content, false)
}

fn replace(path: &Path, content: &[u8], durable: bool) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // No two writers share a temporary file, in this process or another; the last rename wins, and either content is
    // whole.
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    let tmp = folder.join(format!(".{name}.{}-{write}.tmp", std::process::id()));
    let written = (|| {
        // One that a dead writer left is nobody's, and what somebody put in its place is not written through.
        let _ = std::fs::remove_file(&tmp);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&tmp)?;
        file.write_all(content)?;
        if durable {
            file.sync_all()?;
        }
        std::fs::rename(&tmp, path)?;
        if durable { sync_dir(folder) } else { Ok(()) }
    })();
    written.map_err(|e| {
        let _ = std::fs::remove_file(&tmp);
        at(path, "write", e)
    })
}

/// The same error with the path and the act in its words. One that names the path already stays as it is.
pub fn at(path: &Path, act: &str, e: io::Error) -> io::Error {
    let (place, words) = (path.display().to_string(), e.to_string());
    if words.contains(&place) {
        return e;
    }
    io::Error::new(e.kind(), format!("cannot {act} {place}: {words}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn an_error_names_its_path_once() {
        let path = Path::new("/runs/7");
        let first = at(&path.join("steps"), "list", io::ErrorKind::PermissionDenied.into());
        assert_eq!(at(path, "read", first).to_string(), "cannot list /runs/7/steps: permission denied");
        let other = at(Path::new("/other"), "open", io::ErrorKind::PermissionDenied.into());
        assert_eq!(at(path, "read", other).to_string(), "cannot read /runs/7: cannot open /other: permission denied");
    }

    #[test]
    fn is_private_and_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        private_dir(&deep).unwrap();
        assert_eq!(deep.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        write_whole(&deep.join("f"), b"one").unwrap();
        write_whole(&deep.join("f"), b"two").unwrap();
        assert_eq!(std::fs::read(deep.join("f")).unwrap(), b"two");
        assert_eq!(deep.join("f").metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 1);
    }

    #[test]
    fn threads_that_write_one_file_leave_one_whole_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::thread::scope(|scope| {
            for n in 1..=8_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        write_cache(path, &vec![n; usize::from(n) * 1_000]).unwrap();
                        let seen = std::fs::read(path).unwrap();
                        let first = seen[0];
                        assert_eq!(seen, vec![first; usize::from(first) * 1_000], "a mix of two writers");
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_a_plain_file_of_ones_own_is_acted_upon() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        write_whole(&path("f"), b"one").unwrap();
        assert_eq!(read_own(&path("f")).unwrap(), b"one");
        std::os::unix::fs::symlink(path("f"), path("link")).unwrap();
        let fifo = rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0);
        fifo.unwrap();
        for wrong in [path("link"), path("fifo"), dir.path().to_owned(), path("none")] {
            assert!(read_own(&wrong).is_err(), "{}", wrong.display());
        }
        assert!(own_dir(dir.path()).is_ok());
        std::os::unix::fs::symlink(dir.path(), path("folder")).unwrap();
        assert!(own_dir(&path("folder")).is_err() && own_dir(&path("f")).is_err());
    }

    #[test]
    fn an_error_names_the_file() {
        let e = write_whole(Path::new("/nonexistent/x"), b"").unwrap_err();
        assert!(e.to_string().contains("/nonexistent/x"), "{e}");
    }
}
