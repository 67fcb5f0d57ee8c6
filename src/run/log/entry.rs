//! The index of a log: sixteen bytes a line, whatever the line's length.

/// What a line is, as Ansible's own output tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    Normal,
    PlayHeader,
    TaskHeader,
    Ok,
    Changed,
    Failed,
    Unreachable,
    Skipped,
    Warning,
    /// A line of standard error that is none of the others.
    Stderr,
    Recap,
}

impl Class {
    const ALL: [Class; 11] = [
        Class::Normal,
        Class::PlayHeader,
        Class::TaskHeader,
        Class::Ok,
        Class::Changed,
        Class::Failed,
        Class::Unreachable,
        Class::Skipped,
        Class::Warning,
        Class::Stderr,
        Class::Recap,
    ];

    /// Failed or unreachable.
    pub fn is_error(self) -> bool {
        matches!(self, Class::Failed | Class::Unreachable)
    }

    /// Lower-case name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Normal => "normal",
            Class::PlayHeader => "play",
            Class::TaskHeader => "task",
            Class::Ok => "ok",
            Class::Changed => "changed",
            Class::Failed => "failed",
            Class::Unreachable => "unreachable",
            Class::Skipped => "skipped",
            Class::Warning => "warning",
            Class::Stderr => "stderr",
            Class::Recap => "recap",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub class: Class,
    /// Belongs to the result that began above.
    pub continued: bool,
    /// Number of the host from 1; 0 for none.
    pub host: u32,
}

/// One line: where it lies and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    at: u64,
    /// Bytes without the line feed; `u32::MAX` for that many or more.
    pub len: u32,
    mark: u32,
}

impl Entry {
    pub(super) fn new(source: usize, offset: u64, len: u64, mark: Mark) -> Self {
        let mark = mark.host << 9 | u32::from(mark.continued) << 8 | mark.class as u32;
        Self { at: (source as u64) << 48 | offset, len: u32::try_from(len).unwrap_or(u32::MAX), mark }
    }

    pub(super) fn source(self) -> usize {
        (self.at >> 48) as usize
    }

    pub(super) fn offset(self) -> u64 {
        self.at & ((1 << 48) - 1)
    }

    pub(super) fn mark(self) -> Mark {
        let class = Class::ALL.get((self.mark & 0xff) as usize).copied().unwrap_or(Class::Normal);
        Mark { class, continued: self.mark & 0x100 != 0, host: self.mark >> 9 }
    }
}

/// Entries in blocks: growing never copies and never holds twice the memory.
#[derive(Debug, Default)]
pub(super) struct Entries {
    blocks: Vec<Vec<Entry>>,
}

const BLOCK: usize = 1 << 14;

impl Entries {
    pub(super) fn len(&self) -> usize {
        self.blocks.last().map_or(0, |last| (self.blocks.len() - 1) * BLOCK + last.len())
    }

    pub(super) fn get(&self, i: usize) -> Option<Entry> {
        self.blocks.get(i / BLOCK)?.get(i % BLOCK).copied()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        match self.blocks.last_mut() {
            Some(last) if last.len() < BLOCK => last.push(entry),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(entry);
                self.blocks.push(block);
            }
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.blocks.truncate(len.div_ceil(BLOCK));
        if let Some(last) = self.blocks.last_mut() {
            last.truncate(len - (len - 1) / BLOCK * BLOCK);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bytes_hold_everything() {
        assert_eq!(size_of::<Entry>(), 16);
        for class in Class::ALL {
            let mark = Mark { class, continued: true, host: 0x7f_ffff };
            let e = Entry::new(0xffff, (1 << 48) - 1, u64::MAX, mark);
            assert_eq!((e.source(), e.offset(), e.len, e.mark()), (0xffff, (1 << 48) - 1, u32::MAX, mark));
        }
    }

    #[test]
    fn blocks_grow_and_shrink() {
        let mut all = Entries::default();
        let mark = Mark { class: Class::Ok, continued: false, host: 0 };
        (0..BLOCK as u64 * 2 + 3).for_each(|i| all.push(Entry::new(0, i, 1, mark)));
        assert_eq!(all.len(), BLOCK * 2 + 3);
        for len in [BLOCK * 2 + 1, BLOCK * 2, BLOCK * 2 - 1, BLOCK, 1, 0] {
            all.truncate(len);
            assert_eq!(all.len(), len);
            assert_eq!(all.get(len), None);
            assert!(len == 0 || all.get(len - 1).unwrap().offset() == len as u64 - 1);
        }
    }
}
