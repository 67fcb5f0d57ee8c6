//! The built-in sample of a host: one script, one round trip, no sleep there. What a host prints is hostile: any bytes are
//! read without panic, and what is missing is not known. Rates come from the counters of the sample before.

mod df;
pub mod measure;
#[cfg(test)]
mod tests;

pub use df::Disk;

/// What runs on the host: POSIX sh, two programs, nothing is written there.
pub const SCRIPT: &str = include_str!("sample.sh");

/// Bytes of an answer that are read; a real one has 2 kB.
pub const LIMIT: usize = 256 << 10;

/// What one sample tells. `None`: it was not said, or not in a way that makes sense.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    pub cpu: Option<Cpu>,
    pub cores: Option<u32>,
    /// Its clock (Unix milliseconds; a second's resolution).
    pub clock: Option<i64>,
    /// Seconds since boot.
    pub uptime: Option<f64>,
    /// Memory in all and available (kB).
    pub memory: Option<(u64, u64)>,
    /// Swap in all and free (kB).
    pub swap: Option<(u64, u64)>,
    /// Pages swapped in since boot.
    pub swapped_in: Option<u64>,
    /// Load averages of 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Share of the last minute in which something waited (percent): processor, memory, input and output.
    pub pressure: [Option<f64>; 3],
    /// TCP connections in use, and those in TIME_WAIT.
    pub tcp: Option<(u64, u64)>,
    /// Connections that are tracked, and at most.
    pub tracked: Option<(u64, u64)>,
    /// Local file systems; `None`: `df` gave no answer.
    pub disks: Option<Vec<Disk>>,
    /// It came to its end.
    pub whole: bool,
}

/// Processor time in ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cpu {
    pub total: u64,
    pub idle: u64,
}

impl Sample {
    /// Reads what [`SCRIPT`] printed; `None`: this is no such thing at all.
    pub fn parse(bytes: &[u8]) -> Option<Sample> {
        let bytes = &bytes[..bytes.len().min(LIMIT)];
        let text = String::from_utf8_lossy(bytes);
        // A login shell may greet before it runs anything.
        let (_, body) = text.split_once("opsdeck sample 1\n")?;
        let mut sample = Sample::default();
        let mut lines = body.lines();
        let (mut boot, mut tcp6) = (None, 0);
        for line in lines.by_ref().take_while(|line| *line != "df") {
            if let Some((file, rest)) = line.split_once(':') {
                sample.line(file, rest, &mut boot, &mut tcp6);
            }
        }
        if let Some((used, _)) = &mut sample.tcp {
            *used = used.saturating_add(tcp6);
        }
        sample.clock = boot.zip(sample.uptime).map(|(boot, up): (f64, f64)| ((boot + up) * 1000.0) as i64);
        let rest: Vec<&str> = lines.collect();
        sample.whole = rest.last() == Some(&"end");
        sample.disks = sample.whole.then(|| df::parse(&rest)).filter(|disks| !disks.is_empty());
        Some(sample)
    }

    fn line(&mut self, file: &str, rest: &str, boot: &mut Option<f64>, tcp6: &mut u64) {
        let words: Vec<&str> = rest.split_ascii_whitespace().take(24).collect();
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        let float = |at: usize| words.get(at).and_then(|word| word.parse::<f64>().ok()).filter(|n| n.is_finite());
        match (file, words.first().copied().unwrap_or_default()) {
            ("stat", "cpu") => self.cpu = cpu(&words[1..]),
            ("stat", "btime") => *boot = float(1),
            ("uptime", _) => self.uptime = float(0).filter(|up| *up >= 0.0),
            ("meminfo", "MemTotal:") => self.memory = number(1).map(|all| (all, all)),
            ("meminfo", "MemAvailable:") => {
                self.memory = self.memory.zip(number(1)).map(|((all, _), free)| (all, free.min(all)));
            }
            ("meminfo", "SwapTotal:") => self.swap = number(1).map(|all| (all, all)),
            ("meminfo", "SwapFree:") => {
                self.swap = self.swap.zip(number(1)).map(|((all, _), free)| (all, free.min(all)));
            }
            ("vmstat", "pswpin") => self.swapped_in = number(1),
            ("loadavg", _) => {
                self.load = float(0).zip(float(1)).zip(float(2)).map(|((one, five), fifteen)| [one, five, fifteen]);
            }
            ("pressure/cpu", "some") => self.pressure[0] = average(&words),
            ("pressure/memory", "some") => self.pressure[1] = average(&words),
            ("pressure/io", "some") => self.pressure[2] = average(&words),
            ("net/sockstat", "TCP:") => {
                self.tcp = named(&words, "inuse").zip(named(&words, "tw"));
            }
            ("net/sockstat6", "TCP6:") => *tcp6 = named(&words, "inuse").unwrap_or_default(),
            ("sys/net/netfilter/nf_conntrack_count", _) => self.tracked = number(0).map(|count| (count, 0)),
            ("sys/net/netfilter/nf_conntrack_max", _) => {
                self.tracked =
                    self.tracked.zip(number(0).filter(|most| *most > 0)).map(|((count, _), most)| (count, most));
            }
            ("/sys/devices/system/cpu/online", ranges) => self.cores = cores(ranges),
            _ => {}
        }
    }
}

/// proc(5), /proc/stat: user nice system idle iowait irq softirq steal; guest is part of user.
fn cpu(words: &[&str]) -> Option<Cpu> {
    let ticks: Vec<u64> = words.iter().take(8).map_while(|word| word.parse().ok()).collect();
    let idle = ticks.get(3)?.saturating_add(ticks.get(4).copied().unwrap_or_default());
    Some(Cpu { total: ticks.iter().fold(0, |sum: u64, n| sum.saturating_add(*n)), idle })
}

/// `avg60=1.02` of a line of `/proc/pressure`.
fn average(words: &[&str]) -> Option<f64> {
    let text = words.iter().find_map(|word| word.strip_prefix("avg60="))?;
    text.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent))
}

/// The number after a name: `inuse 5`.
fn named(words: &[&str], name: &str) -> Option<u64> {
    let at = words.iter().position(|word| *word == name)?;
    words.get(at + 1)?.parse().ok()
}

/// `0-3,8-11`: eight.
fn cores(ranges: &str) -> Option<u32> {
    let one = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        last.parse::<u32>().ok()?.checked_sub(first.parse().ok()?)?.checked_add(1)
    };
    ranges.split(',').map(one).try_fold(0_u32, |sum, n| sum.checked_add(n?)).filter(|n| (1..=65_536).contains(n))
}
