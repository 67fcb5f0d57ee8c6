//! What may be done in a state directory: everything, or looking only, and then why. It is somebody else's, others may write
//! to it, or its disk takes nothing. The one place where this is decided; every door asks here, and whoever is refused gets
//! these words. That it is a copy is for [`super::home`] to say.

use super::StateDir;
use super::operator::Operator;
use rustix::fs::StatVfsMountFlags;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes without which nothing can be written: the three databases need as much beside them to be opened at all.
const ROOM: u64 = 256 << 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Write,
    /// Its disk is full: nothing is begun, and what must be done all the same is tried. Why, and the way on.
    Full(String),
    /// It is looked at, and nothing in it changed.
    LookOnly {
        /// Why, and the way on.
        why: String,
        /// It is another's: no database of theirs is opened.
        anothers: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    Me,
    /// Somebody else: it is looked at only.
    Other {
        uid: u32,
        name: String,
    },
    /// Mine, but others may change what lies in it; why, and the way on.
    Open(String),
    Unknown(String),
}

impl Access {
    /// May anything be changed? Else why not.
    ///
    /// # Errors
    /// In words.
    pub fn may_write(self) -> Result<(), String> {
        match self {
            Access::Write => Ok(()),
            Access::Full(why) | Access::LookOnly { why, .. } => Err(why),
        }
    }

    /// It is somebody else's.
    pub fn is_anothers(&self) -> bool {
        matches!(self, Access::LookOnly { anothers: true, .. })
    }
}

impl Owner {
    /// Is it mine alone? Else whose, in words.
    ///
    /// # Errors
    /// In words.
    pub fn is_me(&self, root: &Path) -> Result<(), String> {
        match self {
            Owner::Me => Ok(()),
            Owner::Other { name, .. } => Err(format!("{} belongs to {name}: read only", root.display())),
            Owner::Open(why) | Owner::Unknown(why) => Err(format!("{}: {why}", root.display())),
        }
    }
}

impl StateDir {
    /// What may be done in it now, at the price of two looks.
    pub fn access(&self) -> Access {
        let owner = self.owner();
        let anothers = matches!(owner, Owner::Other { .. });
        match owner.is_me(self.root()) {
            Ok(()) => takes(self.root()),
            Err(why) => Access::LookOnly { why, anothers },
        }
    }

    pub fn owner(&self) -> Owner {
        owner(self.root())
    }
}

fn owner(root: &Path) -> Owner {
    let me = rustix::process::geteuid().as_raw();
    let other = |uid: u32| Owner::Other { uid, name: Operator::of_uid(uid).name };
    let link = match std::fs::symlink_metadata(root) {
        Ok(meta) => meta,
        Err(e) if e.kind() == ErrorKind::NotFound => return Owner::Me,
        Err(e) => return Owner::Unknown(format!("it cannot be looked at: {e}")),
    };
    // Whoever owns the link says where it leads.
    if link.is_symlink() && ![me, 0].contains(&link.uid()) {
        return other(link.uid());
    }
    match std::fs::metadata(root) {
        Ok(meta) if meta.uid() != me => other(meta.uid()),
        Ok(meta) if !meta.is_dir() => Owner::Unknown("it is no folder".into()),
        Ok(meta) if meta.mode() & 0o022 != 0 => {
            let mode = meta.mode() & 0o777;
            Owner::Open(format!("others may write to it (mode {mode:o}): chmod go-w {}", root.display()))
        }
        Ok(_) => Owner::Me,
        Err(e) => Owner::Unknown(format!("it cannot be looked at: {e}")),
    }
}

/// Does its disk take anything? One that cannot be asked is tried.
fn takes(root: &Path) -> Access {
    let there = root.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let Ok(disk) = rustix::fs::statvfs(there) else { return Access::Write };
    let shown = root.display();
    if disk.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let why = format!(
            "{shown} lies on a file system that is mounted read-only: it is only looked at. Mount it writable, or name another \
             with --state-dir"
        );
        return Access::LookOnly { why, anothers: false };
    }
    // Root may have what is kept back from others.
    let root = rustix::process::geteuid().is_root();
    let blocks = if root { disk.f_bfree } else { disk.f_bavail };
    let (left, files) = (blocks.saturating_mul(disk.f_frsize), if root { disk.f_ffree } else { disk.f_favail });
    // Some file systems count neither blocks nor files.
    match () {
        () if disk.f_blocks > 0 && left < ROOM => Access::Full(format!(
            "the disk of {shown} is full ({} KiB left): it is only looked at. Make room there (`df -h {shown}`)",
            left >> 10
        )),
        () if disk.f_files > 0 && files == 0 => Access::Full(format!(
            "the disk of {shown} takes no more files: it is only looked at. Remove some there (`df -i {shown}`)"
        )),
        () => Access::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_directory_may_be_written_to_and_one_that_others_may_change_is_only_looked_at() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path().join("s"));
        assert_eq!(state.access(), Access::Write, "it is not there yet");
        std::fs::create_dir(state.root()).unwrap();
        assert_eq!(state.access().may_write(), Ok(()));
        std::fs::set_permissions(state.root(), PermissionsExt::from_mode(0o777)).unwrap();
        let open = state.access();
        assert!(!open.is_anothers() && open.may_write().unwrap_err().contains("chmod go-w"));
    }

    #[test]
    fn a_disk_that_takes_nothing_is_said_and_one_that_counts_nothing_is_tried() {
        assert_eq!(takes(Path::new("/proc/self")), Access::Write, "it counts nothing");
        let sys = rustix::fs::statvfs("/sys").unwrap();
        if sys.f_flag.contains(StatVfsMountFlags::RDONLY) {
            let why = StateDir::at("/sys/opsdeck").access().may_write().unwrap_err();
            assert!(why.contains("mounted read-only"), "{why}");
        }
    }
}
