//! What `df` says: GNU's with columns of our choice, or POSIX's where that is not understood (busybox, BSD).

use std::collections::BTreeMap;

/// File systems that are looked at in one sample.
const MOST: usize = 64;
/// Kinds that are images, or full by nature.
const IMAGES: [&str; 8] = ["squashfs", "iso9660", "erofs", "devtmpfs", "efivarfs", "autofs", "ramfs", "fuse.snapfuse"];
/// What the system itself keeps in memory.
const OWN: [&str; 4] = ["/dev", "/proc", "/sys", "/run"];

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disk {
    /// Where it is mounted. Hostile.
    pub mount: String,
    /// What is used of what everybody may use (percent, as `df` rounds up).
    pub used: f64,
    /// Its size (kB).
    pub size: u64,
    /// Inodes used (percent); `None`: it has none.
    pub inodes: Option<f64>,
}

/// The file systems that can fill up, by their first mount.
pub fn parse(lines: &[&str]) -> Vec<Disk> {
    let mut found: BTreeMap<String, (String, Disk)> = BTreeMap::new();
    let mut inodes = false;
    for line in lines {
        match *line {
            "df -i" => inodes = true,
            "end" => break,
            _ if inodes => {
                if let Some((numbers, _, mount)) = columns(line, 3, true)
                    && let Some((_, disk)) = found.get_mut(mount)
                {
                    disk.inodes = share(numbers[1], numbers[0]);
                }
            }
            _ => {
                if let Some((source, disk)) = one(line) {
                    found.entry(disk.mount.clone()).or_insert((source, disk));
                }
            }
        }
    }
    // A device that is mounted in several places is full once; its shortest path is what people know it by.
    let mut all: Vec<(String, Disk)> = found.into_values().collect();
    all.sort_by(|a, b| (a.1.mount.len(), &a.1.mount).cmp(&(b.1.mount.len(), &b.1.mount)));
    let mut seen = std::collections::HashSet::new();
    all.retain(|(source, _)| !source.starts_with('/') || seen.insert(source.clone()));
    all.into_iter().take(MOST).map(|(_, disk)| disk).collect()
}

fn one(line: &str) -> Option<(String, Disk)> {
    let (numbers, before, mount) = columns(line, 5, false).or_else(|| columns(line, 3, true))?;
    let gnu = numbers.len() == 5;
    let (source, kind) = match before.split_last() {
        Some((kind, source)) if gnu => (source.join(" "), *kind),
        _ => (before.join(" "), ""),
    };
    let own = OWN.iter().any(|own| mount == *own || mount.strip_prefix(own).is_some_and(|rest| rest.starts_with('/')));
    let layered = (kind == "overlay" || source == "overlay") && mount != "/";
    let image = IMAGES.contains(&kind) || source.starts_with("/dev/loop");
    let size = numbers[0];
    if own || layered || image || size == 0 || !mount.starts_with('/') {
        return None;
    }
    let used = share(numbers[1], numbers[1].saturating_add(numbers[2]))?;
    let inodes = if gnu { share(numbers[4], numbers[3]) } else { None };
    Some((source, Disk { mount: mount.to_owned(), used, size, inodes }))
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 100.0 / whole as f64).min(100.0))
}

/// `n` numbers in a row (`-`: zero), with what stands before and the mount after. `percent`: a share follows the numbers.
fn columns(line: &str, n: usize, percent: bool) -> Option<(Vec<u64>, Vec<&str>, &str)> {
    let words: Vec<&str> = line.split_ascii_whitespace().take(24).collect();
    let number = |word: &&str| if *word == "-" { Some(0) } else { word.parse::<u64>().ok() };
    let width = n + usize::from(percent);
    let first = words.windows(width).position(|some| {
        some[..n].iter().all(|word| number(word).is_some()) && (!percent || some[n] == "-" || some[n].ends_with('%'))
    })?;
    let numbers = words[first..first + n].iter().filter_map(number).collect();
    // The mount may hold blanks: it is all that follows its first word.
    let mount = words.get(first + width)?;
    let after = mount.as_ptr() as usize - line.as_ptr() as usize;
    Some((numbers, words[..first].to_vec(), line[after..].trim_end()))
}
