//! Whether a journal is still the file that its writer wrote. What others added at its end is put aside and cut off; one that
//! was put in another's place, or that lacks what was written, is written to no more.

use super::Journal;
use super::writer::before;
use crate::state::file;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

/// So much of what others added is kept (bytes).
const KEPT: u64 = 1 << 20;

impl Journal {
    /// Why it is not the file any more that was written; `None`: it is, as far as was looked.
    pub fn strayed(&self) -> Option<&str> {
        self.guard.strayed.as_deref()
    }

    /// Looks whether it is still the file that was written. Costs two `stat`s.
    ///
    /// # Errors
    /// It is not, or cannot be looked at: nothing more may be begun.
    pub fn check(&mut self) -> io::Result<()> {
        if self.guard.strayed.is_none() {
            self.guard.strayed = self.look()?;
        }
        match &self.guard.strayed {
            Some(why) => Err(io::Error::new(io::ErrorKind::InvalidData, why.clone())),
            None => Ok(()),
        }
    }

    fn look(&mut self) -> io::Result<Option<String>> {
        let at = |e| file::at(&self.path, "look at", e);
        let ours = self.file.metadata().map_err(at)?;
        let same = match std::fs::symlink_metadata(&self.path) {
            Ok(there) => (there.dev(), there.ino()) == (ours.dev(), ours.ino()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(at(e)),
        };
        let not = |what: &str| Some(format!("{} is not what its supervisor wrote: {what}", self.path.display()));
        if !same {
            return Ok(not("another file was put in its place, or it was taken away"));
        }
        let now = ours.len();
        if now == self.len {
            return Ok(None);
        }
        if now < self.len {
            return Ok(not(&format!("{} of {} bytes are gone", self.len - now, self.len)));
        }
        let mut there = crate::open::own(&self.path)?;
        let tail = &self.guard.tail;
        if before(&there, self.len, tail.len())? == *tail {
            self.cut(&mut there, now)?;
        } else if before(&there, now, last_line(tail).len())? == last_line(tail) {
            tracing::error!("somebody else wrote into {}: it holds {} bytes more", self.path.display(), now - self.len);
            (self.len, self.summing) = (now, None);
        } else {
            return Ok(not("somebody else wrote into it"));
        }
        Ok(None)
    }

    /// Puts what stands behind our end aside, and takes it off.
    fn cut(&self, there: &mut File, now: u64) -> io::Result<()> {
        let mut theirs = Vec::new();
        there.seek(SeekFrom::Start(self.len))?;
        there.take((now - self.len).min(KEPT)).read_to_end(&mut theirs)?;
        let aside = self.path.with_extension("foreign");
        if let Err(e) = file::append(&aside).and_then(|mut file| file.write_all(&theirs)) {
            tracing::error!("what somebody else added is not kept: {e}");
        }
        self.file.set_len(self.len).map_err(|e| file::at(&self.path, "cut", e))?;
        tracing::error!(
            "somebody else added {} bytes to {}: they count for nothing, and were moved to {}",
            now - self.len,
            self.path.display(),
            aside.display()
        );
        Ok(())
    }
}

/// The last line, newline included; all of it, where it is longer.
fn last_line(tail: &[u8]) -> &[u8] {
    let whole = tail.strip_suffix(b"\n").unwrap_or(tail);
    memchr::memrchr(b'\n', whole).map_or(tail, |before| &tail[before + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Event;
    use crate::run::journal::Reader;
    use std::path::Path;

    fn begun(path: &Path) -> Journal {
        let (mut journal, _) = Journal::open(path, |_| ()).unwrap();
        journal.push(1, Event::Requested).unwrap();
        journal.push(2, Event::StepIntent { step: 1 }).unwrap();
        journal.commit().unwrap();
        journal
    }

    fn write(journal: &mut Journal) -> io::Result<()> {
        journal.push(3, Event::Requested)?;
        journal.commit()
    }

    #[test]
    fn what_others_add_is_put_aside_and_the_journal_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut journal = begun(&path);
        let forged = "{\"seq\":3,\"ts\":3,\"e\":\"ended\",\"state\":\"succeeded\",\"why\":\"x\"}\n";
        let add = |text: &str| file::append(&path).unwrap().write_all(text.as_bytes()).unwrap();
        add(forged);
        write(&mut journal).unwrap();
        add("no event\n");
        journal.check().unwrap();
        write(&mut journal).unwrap();
        let mut seen = 0;
        Reader::open(&path).unwrap().read(|_| seen += 1).unwrap();
        assert_eq!((seen, journal.strayed()), (4, None));
        assert_eq!(std::fs::read_to_string(dir.path().join("journal.foreign")).unwrap(), format!("{forged}no event\n"));
        assert_eq!(journal.sum().unwrap(), crate::audit::Sum::of(&path, u64::MAX).unwrap());
    }

    #[test]
    fn what_others_put_before_our_end_stays_where_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut journal = begun(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen('\n', "\nno event\n", 1)).unwrap();
        write(&mut journal).unwrap();
        let mut reader = Reader::open(&path).unwrap();
        let mut seen = 0;
        reader.read(|_| seen += 1).unwrap();
        assert!(seen == 3 && reader.foreign().unwrap().contains("line 2: 1 line that is no event"), "{seen}");
        assert_eq!(journal.sum().unwrap(), crate::audit::Sum::of(&path, u64::MAX).unwrap());
        let (again, cut) = Journal::open(&path, |_| ()).unwrap();
        assert_eq!((again.seq(), cut), (3, 0));
    }

    #[test]
    fn a_journal_that_is_not_what_was_written_is_written_to_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        type Harm<'a> = &'a dyn Fn(&str);
        let harm: [(&str, Harm<'_>); 4] = [
            ("bytes are gone", &|text| std::fs::write(&path, &text[..text.len() / 2]).unwrap()),
            ("another file", &|text| file::write_whole(&path, text.as_bytes()).unwrap()),
            ("taken away", &|_| std::fs::remove_file(&path).unwrap()),
            ("somebody else wrote", &|text| {
                std::fs::write(
                    &path,
                    text.replace("requested", "remembered").replace("step\":1", "step\":12").repeat(2),
                )
                .unwrap()
            }),
        ];
        for (said, harm) in harm {
            drop(std::fs::remove_file(&path));
            let mut journal = begun(&path);
            harm(&std::fs::read_to_string(&path).unwrap());
            let there = || path.exists().then(|| std::fs::read(&path).unwrap());
            let harmed = there();
            for _ in 0..2 {
                let why = write(&mut journal).unwrap_err().to_string();
                assert!(why.contains(said) && journal.strayed() == Some(&why), "{why}");
            }
            assert_eq!(there(), harmed, "{said}: nothing is written to it");
        }
    }
}
