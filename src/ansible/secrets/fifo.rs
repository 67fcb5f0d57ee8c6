//! Named FIFOs that hand secrets to Ansible: nothing lies on a disk, and only our own user can open them.
//!
//! Fact (ansible-core 2.19): for the become and connection password files and `-e @FILE` a `/dev/fd/N` fails, since its
//! path is resolved; a FIFO works for all of them. They are read to their
//! end, once or more often, by one reader at a time.

use super::{SecretName, Secrets};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use zeroize::Zeroizing;

/// FIFOs that are served until this is dropped; then they are gone.
#[derive(Debug)]
pub struct Served {
    folder: PathBuf,
    files: Vec<(SecretName, PathBuf)>,
    prompts: Option<PathBuf>,
    ended: Arc<AtomicBool>,
    threads: Vec<(PathBuf, JoinHandle<()>)>,
}

/// Serves `secrets` in the new folder `folder` (0700) as FIFOs (0600), each by a thread of its own.
///
/// Call it in the process that outlives the child: dropping the value ends it.
///
/// # Errors
/// The folder exists already, or cannot hold FIFOs.
pub fn serve(secrets: &Secrets, folder: &Path) -> io::Result<Served> {
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(folder)?;
    let ended = Arc::new(AtomicBool::new(false));
    let mut served =
        Served { folder: folder.to_path_buf(), files: Vec::new(), prompts: None, ended, threads: Vec::new() };
    for (number, name) in secrets.names().enumerate() {
        let content = match (name, secrets.get(name)) {
            (SecretName::Prompt(_), _) | (_, None) => continue,
            (SecretName::Extra(variable), _) => secrets.extra_json(std::iter::once(variable.as_str())),
            (_, Some(value)) => Zeroizing::new(value.as_bytes().to_vec()),
        };
        // a number, not the name: a vault id may hold a slash
        let path = served.add(&format!("s{number}"), content)?;
        served.files.push((name.clone(), path));
    }
    if let Some(json) = secrets.prompts_json() {
        served.prompts = Some(served.add("prompts.json", json)?);
    }
    Ok(served)
}

impl Served {
    /// The FIFO for `-e @FILE` with one extra variable.
    pub fn extra(&self, variable: &str) -> Option<&Path> {
        let of = |name: &SecretName| matches!(name, SecretName::Extra(known) if known == variable);
        self.files.iter().find(|(name, _)| of(name)).map(|(_, path)| path.as_path())
    }

    /// FIFOs of passwords and extra variables, in the order of the secrets.
    pub fn files(&self) -> &[(SecretName, PathBuf)] {
        &self.files
    }

    /// The FIFO for `-e @FILE` with the answers to private prompts, if there are any.
    pub fn prompts(&self) -> Option<&Path> {
        self.prompts.as_deref()
    }

    fn add(&mut self, name: &str, value: Zeroizing<Vec<u8>>) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        make(&path)?;
        let (ours, ended) = (path.clone(), Arc::clone(&self.ended));
        let thread = std::thread::Builder::new().name("secret".into()).spawn(move || run(&ours, &value, &ended))?;
        self.threads.push((path.clone(), thread));
        Ok(path)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        for (path, thread) in self.threads.drain(..) {
            // Lets go a thread that waits for a reader. It may just be putting a fresh FIFO there: until it has ended.
            while !thread.is_finished() {
                let _ = open(&path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn make(path: &Path) -> io::Result<()> {
    Ok(mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?)
}

/// Each reader gets the value once and then the end. A fresh FIFO takes the place of one that found its reader: opening
/// the same one again could meet the same reader, which would then read the value twice.
fn run(path: &Path, value: &[u8], ended: &AtomicBool) {
    let fresh = path.with_extension("next");
    while !ended.load(Ordering::SeqCst) {
        let Ok(writer) = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) else { return };
        if ended.load(Ordering::SeqCst) {
            return;
        }
        let renewed = make(&fresh).and_then(|()| std::fs::rename(&fresh, path));
        // A reader that went away is no error of ours: the next one gets its own.
        let _ = File::from(writer).write_all(value);
        if let Err(error) = renewed {
            return tracing::error!(%error, "a FIFO for a secret could not be renewed");
        }
    }
}
