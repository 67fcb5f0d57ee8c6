//! A FIFO that gives its value to one reader, once, within a minute; then it is gone.

use rustix::fs::{CWD, FileType, Mode, OFlags, fcntl_setfl, mknodat, open};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long it waits for its reader.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks for one.
const LOOK: Duration = Duration::from_millis(10);

/// Puts such a FIFO (0600) into `folder` (made, 0700) and gives its path. A thread of this process serves it.
///
/// # Errors
/// The folder cannot hold it.
pub fn once(folder: &Path, value: Zeroizing<Vec<u8>>) -> io::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700).create(folder)?;
    let path = folder.join(uuid::Uuid::now_v7().to_string());
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    let ours = path.clone();
    std::thread::Builder::new().name("values".into()).spawn(move || {
        if let Err(error) = serve(&ours, &value) {
            // The reader went away, or somebody removed it: whoever needs the values asks again.
            tracing::debug!(%error, "values were not taken");
        }
    })?;
    Ok(path)
}

fn serve(path: &Path, value: &[u8]) -> io::Result<()> {
    let writer = reader(path, PATIENCE)?;
    // Nobody else finds it any more. Who came at the last moment is let go with an end instead of waiting for ever.
    let aside = path.with_extension("taken");
    std::fs::rename(path, &aside)?;
    let writer = match writer {
        Some(writer) => Some(writer),
        None => reader(&aside, 50 * LOOK)?,
    };
    let written = writer.map_or(Ok(()), |mut writer| {
        fcntl_setfl(&writer, OFlags::empty())?;
        writer.write_all(value)
    });
    std::fs::remove_file(&aside)?;
    written
}

/// The end to write into, as soon as somebody reads.
fn reader(path: &Path, patience: Duration) -> io::Result<Option<File>> {
    let deadline = Instant::now() + patience;
    loop {
        match open(path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()) {
            Ok(fd) => return Ok(Some(File::from(fd))),
            Err(rustix::io::Errno::NXIO) if Instant::now() < deadline => std::thread::sleep(LOOK),
            Err(rustix::io::Errno::NXIO) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reader_gets_all_of_it_and_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("values");
        // More than a pipe holds at once.
        let value = "S3".repeat(100_000);
        let path = once(&folder, Zeroizing::new(value.clone().into_bytes())).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), value);
        let deadline = Instant::now() + Duration::from_secs(10);
        while std::fs::read_dir(&folder).unwrap().count() > 0 {
            assert!(Instant::now() < deadline, "the FIFO is still there");
            std::thread::yield_now();
        }
    }

    #[test]
    fn one_that_nobody_reads_is_gone_after_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(reader(&path, Duration::ZERO).unwrap().is_none());
    }
}
