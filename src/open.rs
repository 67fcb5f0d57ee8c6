//! Files that others may have written: opened only where they are regular files, and read no further than a limit for
//! their kind. A FIFO hangs whoever opens it, a device never ends, a sparse giant fills the memory.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

const MIB: u64 = 1 << 20;

/// The most bytes of a run's `spec.yaml`, and of what a step is to start (`command.json`).
pub const SPEC: u64 = 64 * MIB;
/// Of a file with one small fact: `pid`, `exit`, a checkpoint, when somebody looked.
pub const WORD: u64 = MIB;
/// Of a folded state (`snapshot.bin`).
pub const SNAPSHOT: u64 = 512 * MIB;
/// Of what people write about opsdeck and Ansible: `opsdeck.yaml`, `ansible.cfg`, themes, keys, playbooks, a balancer's
/// configuration.
pub const WRITTEN: u64 = 16 * MIB;
/// Of an inventory, of variables, of a list of hosts, and of what a tool answered: fleets of 100,000 hosts are real.
pub const FLEET: u64 = 256 * MIB;

/// Opens a file of the state directory. No link is followed: opsdeck makes none there.
///
/// # Errors
/// It is no regular file, and what it is; or it cannot be opened.
pub fn own(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path, false)
}

/// Opens a file that a person named or wrote. Links are followed: projects are full of them.
pub fn given(path: &Path) -> io::Result<File> {
    regular(OpenOptions::new().read(true), path, true)
}

/// Opens a file of the state directory in another way than to read it: as [`own`] else.
pub fn own_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let file = regular(options, path, false)?;
    // Children inherit some of these, and Ansible refuses to run on one that does not block.
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - OFlags::NONBLOCK)?;
    Ok(file)
}

/// The content of a file of the state directory.
///
/// # Errors
/// As of [`own`]; it holds more than `most` bytes.
pub fn read_own(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    whole(own(path)?, most)
}

/// The content of a file that a person named or wrote.
pub fn read_given(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    whole(given(path)?, most)
}

/// The text of a file of the state directory.
///
/// # Errors
/// As of [`read_own`]; it is not UTF-8.
pub fn text_own(path: &Path, most: u64) -> io::Result<String> {
    text(read_own(path, most)?)
}

/// The text of a file that a person named or wrote.
///
/// # Errors
/// As of [`read_own`]; it is not UTF-8.
pub fn text_given(path: &Path, most: u64) -> io::Result<String> {
    text(read_given(path, most)?)
}

/// The text of a file that a person named on a command line of this moment: that may be a pipe of their own shell
/// (`@<(command)`), which ends when its command does.
pub fn text_named(path: &Path, most: u64) -> io::Result<String> {
    text(whole(named(path)?, most)?)
}

/// Opens a file that a person named on a command line of this moment: as of [`text_named`].
pub fn named(path: &Path) -> io::Result<File> {
    if path.starts_with("/dev/fd") { File::open(path) } else { given(path) }
}

/// What a file is that hangs whoever opens it or reads it to its end, Ansible too; `None`: it is none. What a person names on
/// a command line of this moment may be a pipe of their own shell ([`named`]).
pub fn endless(path: &Path) -> Option<&'static str> {
    let null = Path::new("/dev/null");
    if path.starts_with("/dev/fd") || path.starts_with("/proc") || path.canonicalize().is_ok_and(|path| path == null) {
        return None;
    }
    let kind = path.metadata().ok()?.file_type();
    (kind.is_fifo() || kind.is_char_device()).then(|| what(kind))
}

fn regular(options: &mut OpenOptions, path: &Path, follow: bool) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    flags.set(OFlags::NOFOLLOW, !follow);
    let file = match options.custom_flags(flags.bits() as i32).open(path) {
        Ok(file) => file,
        // It cannot be opened for what it is: a link that is not followed, a socket, a FIFO that nobody reads.
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(e),
        Err(e) => {
            let meta = if follow { path.metadata() } else { path.symlink_metadata() };
            return Err(meta.ok().and_then(|meta| refusal(meta.file_type())).unwrap_or(e));
        }
    };
    refusal(file.metadata()?.file_type()).map_or(Ok(file), Err)
}

fn refusal(found: FileType) -> Option<io::Error> {
    let why = || format!("it is {}; expected a regular file", what(found));
    (!found.is_file()).then(|| io::Error::new(io::ErrorKind::InvalidInput, why()))
}

fn what(found: FileType) -> &'static str {
    match found {
        kind if kind.is_symlink() => "a symbolic link",
        kind if kind.is_dir() => "a folder",
        kind if kind.is_fifo() => "a FIFO",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

/// The content of an open file.
///
/// # Errors
/// It cannot be read, or holds more than `most` bytes.
pub fn whole(file: File, most: u64) -> io::Result<Vec<u8>> {
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    if size <= most {
        bytes.reserve_exact(usize::try_from(size).unwrap_or(0));
        // It may grow meanwhile.
        (&file).take(most + 1).read_to_end(&mut bytes)?;
    }
    match size.max(bytes.len() as u64) {
        size if size > most => {
            let why = format!("it holds {size} bytes; expected at most {} MiB of a file of this kind", most / MIB);
            Err(io::Error::new(io::ErrorKind::FileTooLarge, why))
        }
        _ => Ok(bytes),
    }
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    #[test]
    fn whatever_is_no_regular_file_is_refused_by_its_name_and_nobody_waits_for_it() {
        let tmp = tempfile::tempdir().unwrap();
        let at = |name: &str| tmp.path().join(name);
        std::fs::write(at("file"), "x").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("fifo"), at("to-fifo")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        let why = |r: io::Result<File>| r.unwrap_err().to_string();
        for (name, what) in [("fifo", "a FIFO"), ("socket", "a socket"), ("", "a folder"), ("to-fifo", "a FIFO")] {
            assert_eq!(why(given(&at(name))), format!("it is {what}; expected a regular file"), "{name}");
        }
        for (name, what) in [("fifo", "a FIFO"), ("socket", "a socket"), ("link", "a symbolic link")] {
            assert_eq!(why(own(&at(name))), format!("it is {what}; expected a regular file"), "{name}");
            let append = own_with(OpenOptions::new().append(true).create(true), &at(name));
            assert_eq!(why(append), format!("it is {what}; expected a regular file"), "{name}");
        }
        assert_eq!(why(given(Path::new("/dev/zero"))), "it is a device; expected a regular file");
        assert_eq!(text_given(&at("link"), 1).unwrap(), "x");
        assert_eq!(own(&at("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn no_more_than_the_limit_is_read_and_an_inherited_file_blocks() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("sparse");
        let file = own_with(OpenOptions::new().append(true).create(true), &path).unwrap();
        assert!(!rustix::fs::fcntl_getfl(&file).unwrap().contains(OFlags::NONBLOCK));
        file.set_len(1 << 40).unwrap();
        let why = read_own(&path, MIB).unwrap_err().to_string();
        assert_eq!(why, "it holds 1099511627776 bytes; expected at most 1 MiB of a file of this kind");
        file.set_len(3).unwrap();
        assert_eq!(read_own(&path, 3).unwrap(), [0; 3]);
        assert!(read_own(&path, 2).is_err());
    }
}
