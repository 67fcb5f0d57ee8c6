//! Damage by chance: files are recorded, damaged one at a time, and put back. Holds no test.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Numbers by chance, from a seed (xorshift64*).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// Files by their path in a folder. Locks and sockets hold nothing.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

pub fn record(dir: &Path, from: &Path, files: &mut Files) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => record(&entry.path(), from, files),
            kind if kind.is_file() => {
                files.insert(entry.path().strip_prefix(from).unwrap().to_owned(), fs::read(entry.path()).unwrap());
            }
            _ => {}
        }
    }
}

pub fn restore(dir: &Path, files: &Files) {
    fs::remove_dir_all(dir).unwrap();
    for (name, bytes) in files {
        fs::create_dir_all(dir.join(name).parent().unwrap()).unwrap();
        fs::write(dir.join(name), bytes).unwrap();
    }
}

/// What lies there: names, what they are, and their size.
pub fn seen(dir: &Path) -> Vec<(PathBuf, String, u64)> {
    let mut all = Vec::new();
    let mut todo = vec![dir.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                todo.push(entry.path());
            }
            all.push((entry.path(), format!("{kind:?}"), entry.metadata().unwrap().len()));
        }
    }
    all.sort();
    all
}

/// Damages one file; in words, what was done. `other` is another folder of the kind.
pub fn mutate(dir: &Path, files: &Files, other: &Files, chance: &mut Chance) -> (PathBuf, String) {
    let name = files.keys().nth(chance.below(files.len())).unwrap().clone();
    let what = damage(dir, (&name, &files[&name]), other, chance);
    (name, what)
}

/// Damages this file.
pub fn damage(dir: &Path, (name, good): (&Path, &[u8]), other: &Files, chance: &mut Chance) -> String {
    let path = dir.join(name);
    let mut bytes = good.to_vec();
    let at = chance.below(bytes.len());
    let put = |bytes: &[u8]| fs::write(&path, bytes).unwrap();
    let gone = || fs::remove_file(&path).unwrap();
    match chance.below(14) {
        0..=3 if !bytes.is_empty() => {
            let bit = chance.below(8);
            bytes[at] ^= 1 << bit;
            put(&bytes);
            format!("bit {bit} of byte {at} flipped")
        }
        4 => {
            put(&bytes[..at]);
            format!("cut at {at}")
        }
        5 => {
            let end = (at + 1 + chance.below(64)).min(bytes.len());
            bytes[at.min(end)..end].fill(0);
            put(&bytes);
            format!("zeros from {at} to {end}")
        }
        6 => {
            gone();
            rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
            "a FIFO".into()
        }
        7 => {
            gone();
            symlink("/dev/zero", &path).unwrap();
            "a link to /dev/zero".into()
        }
        8 => {
            fs::File::options().append(true).open(&path).unwrap().set_len(1 << 40).unwrap();
            "a sparse terabyte".into()
        }
        9 => {
            let from = bytes[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
            let line = bytes[from..].split_inclusive(|b| *b == b'\n').next().unwrap_or_default().to_vec();
            bytes.splice(from..from, line);
            put(&bytes);
            format!("the line at {from} twice")
        }
        10 => {
            put(other.get(name).map_or(&[][..], Vec::as_slice));
            "that of another run".into()
        }
        11 => {
            let text = String::from_utf8_lossy(good).replace("version: 1\n", "version: 99\n");
            put(text.replacen(r#""e":"leased""#, r#""e":"of the future""#, 1).as_bytes());
            "of a newer opsdeck".into()
        }
        12 => {
            gone();
            fs::create_dir(&path).unwrap();
            "a folder".into()
        }
        _ => {
            gone();
            "gone".into()
        }
    }
}
