//! A run followed in two places: one thread reads its journal, another (the screen) owns what it folds to. What grew
//! goes over as raw lines, checked by the reader, so that neither waits for the other and the state is there once.

use super::follow::{self, Damage, Follower};
use super::journal::{Reader, decode};
use super::spec::RunSpec;
use super::state::RunState;
use crate::state::RunDir;
use std::os::unix::fs::FileExt;

/// The reading half of a [`Follower`].
#[derive(Debug)]
pub struct Tail {
    pub(super) dir: RunDir,
    pub(super) reader: Option<Reader>,
    /// Bytes of output seen last.
    pub(super) output: u64,
    /// What was told to be wrong.
    pub(super) told: Option<Damage>,
}

/// What a journal has gained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grown {
    /// Whole lines, each a good event that follows on the one before.
    pub lines: Vec<u8>,
    /// What is wrong with the journal, if something is that was not told before.
    pub damage: Option<String>,
    /// What comes after the damage cannot be read: how the run ended cannot be known.
    pub lost: bool,
    /// Nor is the end believed of which it tells.
    pub doubted: bool,
    /// The output files have grown.
    pub output: bool,
}

impl Grown {
    /// True if the run's end is among the lines.
    pub fn has_end(&self) -> bool {
        memchr::memmem::find(&self.lines, br#""e":"ended""#).is_some()
    }

    /// The same in pieces of about `size` bytes each, cut between lines.
    pub fn pieces(self, size: usize) -> Vec<Grown> {
        let Grown { lines, damage, lost, doubted, output } = self;
        let mut out = Vec::new();
        let mut rest = lines.as_slice();
        while rest.len() > size {
            let Some(end) = memchr::memchr(b'\n', &rest[size..]).map(|n| size + n + 1) else { break };
            out.push(Grown { lines: rest[..end].to_vec(), ..Grown::default() });
            rest = &rest[end..];
        }
        out.push(Grown { lines: rest.to_vec(), damage, lost, doubted, output });
        out
    }
}

impl Follower {
    /// Parts it, so that one thread reads on while another owns the state: what was asked, what happened so far, what
    /// is wrong with the journal, and the reading half.
    pub fn split(self) -> (RunSpec, RunState, Option<String>, Tail) {
        (self.spec, self.state, self.damage, Tail { dir: self.dir, reader: self.reader, output: 0, told: None })
    }
}

impl Tail {
    /// What the journal and the output have gained since the last call. Cheap when nothing.
    pub fn poll(&mut self) -> Grown {
        let size = self.output_size();
        let grew = std::mem::replace(&mut self.output, size) != size;
        Grown { output: grew, ..self.journal() }
    }

    fn output_size(&self) -> u64 {
        let size = |path: std::path::PathBuf| path.metadata().map_or(0, |m| m.len());
        let steps = (1..).map(|n| self.dir.step(n)).take_while(|s| s.path().is_dir());
        steps.map(|s| size(s.stdout()) + size(s.stderr())).sum()
    }

    fn journal(&mut self) -> Grown {
        if self.reader.is_none() {
            match follow::journal(&self.dir) {
                Ok(reader) => self.reader = reader,
                Err(damage) => return self.tell(Vec::new(), Some(damage)),
            }
        }
        let Some(reader) = &mut self.reader else { return Grown::default() };
        let (before, seq) = (reader.offset(), reader.seq());
        let read = reader.read(|_| ());
        let doubt = follow::doubt(&self.dir);
        let doubted = doubt.is_some();
        let damage = doubt.or_else(|| Damage::of(reader, &read));
        let size = usize::try_from(reader.offset() - before).unwrap_or(0);
        let mut lines = vec![0; size];
        let read = size == 0
            || crate::open::own(&self.dir.journal()).and_then(|f| f.read_exact_at(&mut lines, before)).is_ok();
        if !read {
            // Read again next time, from where this began.
            self.reader = Reader::open_at(&self.dir.journal(), before, seq).ok();
            return Grown::default();
        }
        let grown = self.tell(lines, damage);
        Grown { doubted: doubted && grown.lost, ..grown }
    }

    fn tell(&mut self, lines: Vec<u8>, damage: Option<Damage>) -> Grown {
        let news = damage.filter(|damage| self.told.as_ref() != Some(damage));
        let lost = news.as_ref().is_some_and(|damage| damage.lost);
        self.told = news.clone().or(self.told.take());
        Grown { lines, damage: news.map(|damage| damage.words), lost, ..Grown::default() }
    }

    pub fn dir(&self) -> &RunDir {
        &self.dir
    }
}

impl RunState {
    /// Takes in lines that a [`Tail`] gave. What was taken in already is left out; gives the number of lines.
    pub fn apply_lines(&mut self, lines: &[u8]) -> u64 {
        let mut n = 0;
        for line in lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            // The reader has checked them all: a line that is none has no meaning to lose.
            if let Ok(entry) = decode(line) {
                self.apply(&entry);
                n += 1;
            }
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use crate::run::Follower;
    use crate::run::event::{Entry, Event};
    use crate::state::StateDir;
    use std::io::Write;

    fn spec() -> crate::run::RunSpec {
        let text = "version: 1\nid: 01934567-89ab-7cde-8000-000000000001\nask: {kind: adhoc, pattern: web, module: ping}\n\
                    cwd: /p\nargv: []\nenv: {}\nsecrets: []\non_conflict: warn\ncreated_at: 1\nenvironment: null\n\
                    hosts: null\nrerun_of: null\noperator: {name: ann, effective: ann, host: h}\n";
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn what_the_journal_gains_reaches_the_state_once() {
        let tmp = tempfile::tempdir().unwrap();
        let run = uuid::Uuid::now_v7();
        let dir = StateDir::at(tmp.path()).run(run);
        std::fs::create_dir_all(dir.path()).unwrap();
        let spec = crate::run::RunSpec { id: run, ..spec() };
        std::fs::write(dir.spec(), serde_yaml::to_string(&spec).unwrap()).unwrap();
        let line = |seq, event| serde_json::to_string(&Entry { seq, ts: 1_000 + seq as i64, event }).unwrap() + "\n";
        let mut journal = std::fs::File::create(dir.journal()).unwrap();
        journal.write_all(line(1, Event::Requested).as_bytes()).unwrap();
        let (read, mut state, damage, mut tail) = Follower::open(&dir).unwrap().split();
        assert_eq!((read, state.seq, damage), (spec, 1, None));
        assert_eq!(tail.poll(), super::Grown::default());
        let next = line(2, Event::StepIntent { step: 1 });
        journal.write_all(&next.as_bytes()[..10]).unwrap();
        assert_eq!(tail.poll().lines, b"", "a line that is being written is no line");
        journal.write_all(&next.as_bytes()[10..]).unwrap();
        let grown = tail.poll();
        assert_eq!(state.apply_lines(&grown.lines), 1);
        assert_eq!((state.seq, state.last_step()), (2, 1));
        journal.write_all(b"not an event\n").unwrap();
        let grown = tail.poll();
        assert!(grown.lines.is_empty() && grown.damage.is_some_and(|d| d.contains("line 3")));
        std::fs::create_dir_all(dir.step(1).path()).unwrap();
        std::fs::write(dir.step(1).stdout(), "ok").unwrap();
        assert!(tail.poll().output);
        assert!(!tail.poll().output);
    }

    #[test]
    fn pieces_are_cut_between_lines_and_make_the_whole() {
        let lines = b"aaaa\nbb\ncccccc\nd\n".to_vec();
        let whole =
            super::Grown { lines: lines.clone(), damage: Some("x".into()), lost: true, doubted: true, output: true };
        for size in 1..24 {
            let pieces = whole.clone().pieces(size);
            assert!(pieces.iter().all(|p| p.lines.is_empty() || p.lines.ends_with(b"\n")), "{size}");
            assert_eq!(pieces.iter().flat_map(|p| p.lines.clone()).collect::<Vec<_>>(), lines);
            assert_eq!(pieces.iter().filter(|p| p.damage.is_some() && p.lost && p.doubted && p.output).count(), 1);
        }
    }
}
