//! Real answers, hostile answers, and what must be read out of them.

use super::measure::{Counters, Measured, Metric, measure};
use super::*;
use proptest::prelude::*;
use std::process::Command;

const ANSWER: &str = "\
Welcome to w1!
opsdeck sample 1
stat:cpu  1000 0 500 8000 500 0 0 0 300 0
stat:btime 1700000000
meminfo:MemTotal:       16000000 kB
meminfo:MemAvailable:    2000000 kB
meminfo:SwapTotal:       4000000 kB
meminfo:SwapFree:        3000000 kB
vmstat:pswpin 100
loadavg:4.00 2.00 1.00 3/225 12013
uptime:600.25 1032.30
pressure/cpu:some avg10=98.07 avg60=41.50 avg300=90.96 total=1023781303
pressure/cpu:full avg10=0.00 avg60=0.00 avg300=0.00 total=0
pressure/io:some avg10=2.73 avg60=1.02 avg300=1.15 total=130525486
net/sockstat:TCP: inuse 34 orphan 0 tw 3512 alloc 34 mem 23
net/sockstat6:TCP6: inuse 6
sys/net/netfilter/nf_conntrack_count:900
sys/net/netfilter/nf_conntrack_max:1000
/sys/devices/system/cpu/online:0-2,4
df
Filesystem     Type     1K-blocks     Used    Avail   Inodes  IUsed Mounted on
devtmpfs       devtmpfs  12334492        0 12334492  3083623    114 /dev
tmpfs          tmpfs     12342044  9000000    42044  3085511     11 /run
tmpfs          tmpfs     1000     990    10  0     0 /srv/my cache
/dev/vda       ext4     1000000 700000 200000 1000 900 /
/dev/vda       ext4     1000000 700000 200000 1000 900 /var/lib/bind mount
/dev/sdb       vfat     100 50 50 - - /boot/efi
/dev/loop3     squashfs 64 64 0 10 10 /snap/core
overlay        overlay  1000000 700000 200000 1000 900 /var/lib/docker/x
end
";

fn sample() -> Sample {
    Sample::parse(ANSWER.as_bytes()).unwrap()
}

fn of<'a>(all: &'a [Measured], check: &str) -> &'a Measured {
    all.iter().find(|one| one.check == check).unwrap_or_else(|| panic!("{check} in {all:?}"))
}

#[test]
fn a_real_answer_is_read() {
    let sample = sample();
    assert!(sample.whole);
    assert_eq!((sample.cpu, sample.cores), (Some(Cpu { total: 10_000, idle: 8_500 }), Some(4)));
    assert_eq!((sample.clock, sample.tcp), (Some(1_700_000_600_250), Some((40, 3512))));
    assert_eq!((sample.memory, sample.swap), (Some((16_000_000, 2_000_000)), Some((4_000_000, 3_000_000))));
    assert_eq!((sample.pressure, sample.tracked), ([Some(41.5), None, Some(1.02)], Some((900, 1000))));
    let disks: Vec<_> = sample.disks.unwrap().into_iter().map(|d| (d.mount, d.used.round(), d.inodes)).collect();
    assert_eq!(
        disks,
        [("/".into(), 78.0, Some(90.0)), ("/boot/efi".into(), 50.0, None), ("/srv/my cache".into(), 99.0, None)]
    );
}

#[test]
fn without_the_df_of_gnu_that_of_posix_is_read() {
    let posix = "df\ndf -P\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 1000 700 200 78% /\n\
                 overlay 9 9 0 100% /x\ndf -i\nFilesystem Inodes Used Available Capacity Mounted on\n/dev/vda 50 45 5 90% /\nend\n";
    let sample = Sample::parse(format!("opsdeck sample 1\n{posix}").as_bytes()).unwrap();
    let disks = sample.disks.unwrap();
    assert_eq!((disks.len(), disks[0].mount.as_str(), disks[0].inodes), (1, "/", Some(90.0)));
}

#[test]
fn numbers_get_names_and_words() {
    let (first, mut second) = (sample(), sample());
    let now = 1_700_000_600_250 + 500;
    let alone = measure(&first, None, &[], now, 20);
    assert!(alone.iter().all(|one| one.check != "cpu" && one.check != "swap"), "there is nothing to compare with");
    second.cpu = Some(Cpu { total: 11_000, idle: 8_600 });
    second.swapped_in = Some(1_600);
    second.uptime = Some(615.25);
    second.clock = Some(1_700_000_615_250);
    let all = measure(&second, Some(&Counters::of(&first)), &["/boot/efi".into()], now + 15_000, 20);
    for (check, value, text) in [
        ("cpu", 90.0, "90% busy"),
        ("memory", 87.5, "2.0 GB of 16 GB available"),
        ("swap", 100.0, "100 pages/s in, 25% used"),
        ("load", 1.0, "4.00 2.00 1.00 on 4 cores"),
        ("pressure_cpu", 41.5, "waited 41.5% of a minute"),
        ("connections", 90.0, "900 of 1000 tracked; 40 tcp in use, 3512 in TIME_WAIT"),
        ("clock", 0.0, "within 0.5 s of this clock"),
        ("uptime", 615.25, "up 10m"),
        ("disk /srv/my cache", 99.0, "99% of 1.0 MB used"),
        ("inodes /", 90.0, "90% of the inodes used"),
    ] {
        let one = of(&all, check);
        assert!((one.value.unwrap() - value).abs() < 0.01, "{one:?}");
        assert_eq!(one.text, text, "{check}");
    }
    assert!(!all.iter().any(|one| one.check.contains("boot") || one.metric == Metric::PressureMemory));
    second.clock = Some(now + 15_000 + 9_500);
    let late = measure(&second, None, &[], now + 15_000, 20);
    assert_eq!((of(&late, "clock").text.as_str(), of(&late, "clock").value), ("10 s ahead", Some(9.5)));
}

#[test]
fn the_numbers_are_those_that_the_file_can_set() {
    let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(known, crate::project::config::checks::METRICS);
}

#[test]
fn a_host_that_booted_meanwhile_counts_from_zero() {
    let (mut before, after) = (sample(), sample());
    before.uptime = Some(9_999.0);
    before.cpu = Some(Cpu { total: 5, idle: 1 });
    let all = measure(&after, Some(&Counters::of(&before)), &[], 0, 0);
    assert!(all.iter().all(|one| one.check != "cpu"), "{all:?}");
}

#[test]
fn what_is_cut_says_so_and_claims_nothing_of_its_disks() {
    let cut = &ANSWER[..ANSWER.find("/dev/sdb").unwrap()];
    let sample = Sample::parse(cut.as_bytes()).unwrap();
    assert!(!sample.whole && sample.disks.is_none() && sample.memory.is_some());
    assert_eq!(of(&measure(&sample, None, &[], 0, 0), "disk").text, "the answer was cut");
    let hung = format!("{}df\nend\n", ANSWER.split("df\n").next().unwrap());
    let sample = Sample::parse(hung.as_bytes()).unwrap();
    assert_eq!(of(&measure(&sample, None, &[], 0, 0), "disk").text, "df names no local file system, or hangs");
    assert_eq!(Sample::parse(b"This account is disabled.\n"), None);
}

#[test]
fn what_a_host_says_reaches_no_terminal() {
    let evil = ANSWER.replace("/srv/my cache", "/srv/\u{1b}]0;x\u{7}\u{202e}y");
    let all = measure(&Sample::parse(evil.as_bytes()).unwrap(), None, &[], 0, 0);
    assert!(all.iter().all(|one| !one.check.contains(['\u{1b}', '\u{7}', '\u{202e}'])), "{all:?}");
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let mut bytes = ANSWER.as_bytes().to_vec();
    bytes.resize(100 << 20, b'x');
    let began = std::time::Instant::now();
    assert!(!Sample::parse(&bytes).unwrap().whole);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
}

#[test]
fn this_machine_answers_in_every_shell_that_it_has() {
    for shell in ["sh", "dash", "bash", "ksh", "zsh", "busybox"] {
        let mut command = Command::new(shell);
        let command = if shell == "busybox" { command.arg("sh") } else { &mut command };
        let Ok(out) = command.args(["-c", SCRIPT]).output() else { continue };
        let sample = Sample::parse(&out.stdout).unwrap_or_else(|| panic!("{shell}: {out:?}"));
        assert!(sample.whole && out.stderr.is_empty(), "{shell}: {out:?}");
        assert!(sample.cpu.is_some() && sample.memory.is_some() && sample.clock.is_some(), "{shell}: {sample:?}");
    }
}

proptest! {
    #![proptest_config(crate::cases::cases(256))]

    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut all = b"opsdeck sample 1\n".to_vec();
        all.extend(bytes);
        let sample = Sample::parse(&all).unwrap();
        measure(&sample, Some(&Counters::of(&sample)), &[], 0, 0);
    }

    /// The real answer with bytes of it changed, taken out or doubled.
    #[test]
    fn any_damage_is_read_without_panic(
        hits in prop::collection::vec((0..ANSWER.len(), prop_oneof![Just("99999999999999999999"), Just("-"), Just("\u{fffd}"), Just(""), Just("df\n"), Just("end\n"), Just(":")]), 0..8),
        now in any::<i64>(), took in 0..100_000_i64,
    ) {
        let mut text = ANSWER.to_owned();
        for (at, with) in hits {
            let at = at.min(text.len());
            if text.is_char_boundary(at) {
                text.insert_str(at, with);
            }
        }
        if let Some(sample) = Sample::parse(text.as_bytes()) {
            let all = measure(&sample, Some(&Counters::default()), &[], now / 4, took);
            prop_assert!(all.iter().filter_map(|one| one.value).all(f64::is_finite), "{all:?}");
            let percent = all.iter().filter(|one| one.metric.unit() == crate::health::record::Unit::Percent);
            prop_assert!(percent.clone().filter_map(|one| one.value).all(|n| n >= 0.0), "{all:?}");
        }
    }
}
