//! What a sample comes to: numbers with names, in words, and what they are held against where nobody says otherwise
//! (releases.md part 6; every one of them can be set in `opsdeck.yaml`).

use super::{Cpu, Sample};
use crate::health::board::family;
use crate::health::judge::{Edge, Limits};
use crate::health::record::Unit;
use crate::text::{cut, human, plain};
use std::collections::BTreeMap;

/// A number of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    Cpu,
    Memory,
    Swap,
    Load,
    PressureCpu,
    PressureMemory,
    PressureIo,
    Disk,
    Inodes,
    Connections,
    Clock,
    Uptime,
}

/// How a number is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    pub limits: Limits,
    /// Seconds that it must last.
    pub hold: u32,
    /// Good readings in a row until it is better again.
    pub rise: u32,
    /// Bad ones until it counts.
    pub fall: u32,
}

/// What all numbers of a sample are held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Thresholds {
    /// Each; what is not in it is not looked at.
    pub of: BTreeMap<Metric, Threshold>,
    /// A disk that will be full sooner than in so many seconds is a warning, whatever it is now.
    pub full_in: u32,
    /// Mounts that are not looked at.
    pub ignore: Vec<String>,
}

/// One number of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub metric: Metric,
    /// Its name on the board: `disk /var`.
    pub check: String,
    /// It; `None`: not known, and `text` says why.
    pub value: Option<f64>,
    /// In words, safe for a terminal.
    pub text: String,
}

/// Counters of the sample before.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counters {
    cpu: Option<Cpu>,
    swapped_in: Option<u64>,
    /// Seconds since boot.
    uptime: Option<f64>,
}

impl Metric {
    /// All, in the order of a board.
    pub const ALL: [Metric; 12] = [
        Metric::Cpu,
        Metric::Memory,
        Metric::Swap,
        Metric::Load,
        Metric::PressureCpu,
        Metric::PressureMemory,
        Metric::PressureIo,
        Metric::Disk,
        Metric::Inodes,
        Metric::Connections,
        Metric::Clock,
        Metric::Uptime,
    ];

    /// As in `opsdeck.yaml` and on the board.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cpu => family::CPU,
            Metric::Memory => family::MEMORY,
            Metric::Swap => "swap",
            Metric::Load => "load",
            Metric::PressureCpu => "pressure_cpu",
            Metric::PressureMemory => "pressure_memory",
            Metric::PressureIo => "pressure_io",
            Metric::Disk => family::DISK,
            Metric::Inodes => "inodes",
            Metric::Connections => "connections",
            Metric::Clock => "clock",
            Metric::Uptime => "uptime",
        }
    }

    /// Where it comes from.
    pub fn source(self) -> &'static str {
        match self {
            Metric::Cpu => "/proc/stat",
            Metric::Memory | Metric::Swap => "/proc/meminfo",
            Metric::Load => "/proc/loadavg",
            Metric::PressureCpu => "/proc/pressure/cpu, some avg60",
            Metric::PressureMemory => "/proc/pressure/memory, some avg60",
            Metric::PressureIo => "/proc/pressure/io, some avg60",
            Metric::Disk | Metric::Inodes => "df",
            Metric::Connections => "nf_conntrack, sockstat",
            Metric::Clock => "btime and uptime, against this clock",
            Metric::Uptime => "/proc/uptime",
        }
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Metric::Swap => Unit::PerSecond,
            Metric::Load => Unit::Number,
            Metric::Clock | Metric::Uptime => Unit::Seconds,
            _ => Unit::Percent,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        let edge = |enter, leave| Some(Edge { enter, leave });
        let of = |metric| {
            let (warn, bad, hold, fall) = match metric {
                Metric::Cpu => (edge(90.0, 80.0), None, 300, 1),
                Metric::Memory => (edge(90.0, 85.0), edge(97.0, 93.0), 0, 2),
                // Swap that is full says little; pages that come back from it say that memory is short.
                Metric::Swap => (edge(1000.0, 200.0), None, 60, 2),
                Metric::PressureCpu => (edge(40.0, 30.0), None, 0, 2),
                Metric::PressureMemory => (edge(20.0, 10.0), None, 0, 2),
                Metric::Disk | Metric::Inodes => (edge(85.0, 80.0), edge(95.0, 90.0), 0, 1),
                Metric::Connections => (edge(80.0, 70.0), edge(95.0, 85.0), 0, 2),
                Metric::Clock => (edge(5.0, 3.0), edge(60.0, 30.0), 0, 2),
                Metric::Load | Metric::PressureIo | Metric::Uptime => (None, None, 0, 1),
            };
            Threshold { limits: Limits::above(warn, bad), hold, rise: 1, fall }
        };
        let of = Metric::ALL.into_iter().map(|metric| (metric, of(metric))).collect();
        Thresholds { of, full_in: 4 * 3600, ignore: Vec::new() }
    }
}

impl Counters {
    pub fn of(sample: &Sample) -> Counters {
        Counters { cpu: sample.cpu, swapped_in: sample.swapped_in, uptime: sample.uptime }
    }
}

/// The numbers of a sample that arrived at `now` after `took` (milliseconds). What a host does not have is left out.
pub fn measure(sample: &Sample, before: Option<&Counters>, ignore: &[String], now: i64, took: i64) -> Vec<Measured> {
    let mut out = Vec::new();
    let mut add = |metric: Metric, value: Option<f64>, text: String| {
        out.push(Measured { metric, check: metric.name().to_owned(), value, text });
    };
    // A host that booted meanwhile counts from zero.
    let before = before.filter(|before| matches!((before.uptime, sample.uptime), (Some(a), Some(b)) if a <= b));
    // One sample alone tells no rate.
    if before.is_some() {
        let busy = busy(before, sample);
        let words = busy.map_or("the host does not say".to_owned(), |busy| format!("{busy:.0}% busy"));
        add(Metric::Cpu, busy, words);
    }
    match sample.memory.filter(|(all, _)| *all > 0) {
        Some((all, free)) => {
            let text = format!("{} of {} available", kilobytes(free), kilobytes(all));
            add(Metric::Memory, Some(100.0 - free as f64 * 100.0 / all as f64), text);
        }
        None => add(Metric::Memory, None, "the host does not say what is available".into()),
    }
    if let Some((all, free)) = sample.swap.filter(|(all, _)| *all > 0 && before.is_some()) {
        let rate = swap_rate(before, sample);
        let used = 100.0 - free as f64 * 100.0 / all as f64;
        add(Metric::Swap, rate, format!("{:.0} pages/s in, {used:.0}% used", rate.unwrap_or_default()));
    }
    if let Some([one, five, fifteen]) = sample.load {
        let cores = sample.cores.map_or(String::new(), |n| format!(" on {n} cores"));
        let value = one / f64::from(sample.cores.unwrap_or(1));
        add(Metric::Load, Some(value), format!("{one:.2} {five:.2} {fifteen:.2}{cores}"));
    }
    let pressures = [Metric::PressureCpu, Metric::PressureMemory, Metric::PressureIo];
    for (metric, value) in pressures.into_iter().zip(sample.pressure) {
        if let Some(value) = value {
            add(metric, Some(value), format!("waited {value:.1}% of a minute"));
        }
    }
    let tcp = sample.tcp.map(|(used, wait)| format!("{used} tcp in use, {wait} in TIME_WAIT"));
    match sample.tracked.filter(|(_, most)| *most > 0) {
        Some((count, most)) => {
            let tcp = tcp.map_or(String::new(), |text| format!("; {text}"));
            add(
                Metric::Connections,
                Some(count as f64 * 100.0 / most as f64),
                format!("{count} of {most} tracked{tcp}"),
            );
        }
        None => {
            if let Some(text) = tcp {
                add(Metric::Connections, Some(0.0), format!("{text}; none is tracked"));
            }
        }
    }
    if let Some(clock) = sample.clock {
        let (off, text) = offset(clock, now, took);
        add(Metric::Clock, Some(off), text);
    }
    if let Some(up) = sample.uptime {
        add(Metric::Uptime, Some(up), format!("up {}", human::short((up * 1000.0) as i64)));
    }
    disks(sample, ignore, &mut out);
    out
}

fn disks(sample: &Sample, ignore: &[String], out: &mut Vec<Measured>) {
    let Some(disks) = &sample.disks else {
        let text = if sample.whole { "df names no local file system, or hangs" } else { "the answer was cut" };
        let check = Metric::Disk.name().to_owned();
        out.push(Measured { metric: Metric::Disk, check, value: None, text: text.into() });
        return;
    };
    for disk in disks.iter().filter(|disk| !ignore.contains(&disk.mount)) {
        let mount = cut(&plain(&disk.mount), 60).to_owned();
        let mut add = |metric: Metric, value: f64, text: String| {
            out.push(Measured { metric, check: format!("{} {mount}", metric.name()), value: Some(value), text });
        };
        add(Metric::Disk, disk.used, format!("{:.0}% of {} used", disk.used, kilobytes(disk.size)));
        if let Some(inodes) = disk.inodes {
            add(Metric::Inodes, inodes, format!("{inodes:.0}% of the inodes used"));
        }
    }
}

fn kilobytes(n: u64) -> String {
    human::bytes(n.saturating_mul(1024))
}

fn busy(before: Option<&Counters>, sample: &Sample) -> Option<f64> {
    let (then, now) = (before?.cpu?, sample.cpu?);
    let all = now.total.checked_sub(then.total).filter(|all| *all > 0)?;
    let idle = now.idle.saturating_sub(then.idle).min(all);
    Some(100.0 - idle as f64 * 100.0 / all as f64)
}

/// Pages that came back from swap in a second.
fn swap_rate(before: Option<&Counters>, sample: &Sample) -> Option<f64> {
    let before = before?;
    let seconds = (sample.uptime? - before.uptime?).max(0.1);
    Some(sample.swapped_in?.checked_sub(before.swapped_in?)? as f64 / seconds)
}

/// How far a host's clock is from ours, in seconds that are beyond doubt: boot time is told in whole seconds, and it is not
/// known when within `took` the host looked at its clock.
fn offset(clock: i64, now: i64, took: i64) -> (f64, String) {
    let doubt = 500 + took / 2;
    let ahead = clock.saturating_add(500).saturating_sub(now - took / 2);
    let sure = (ahead.saturating_abs() - doubt).max(0) as f64 / 1000.0;
    let text = match sure {
        0.0 => format!("within {:.1} s of this clock", doubt as f64 / 1000.0),
        _ if ahead > 0 => format!("{} ahead", human::duration(ahead)),
        _ => format!("{} behind", human::duration(-ahead)),
    };
    (sure, text)
}
