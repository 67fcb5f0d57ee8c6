//! When so many hosts fail at once that it is not the hosts: the maximum of ejections, as Envoy has it. Pure.

use super::Limits;

/// True where more hosts were given up within the span of `limits` than can be the hosts' own doing. `opened`: when each
/// host that is given up now was (Unix milliseconds); `hosts`: how many there are.
pub fn tripped(opened: &[i64], hosts: usize, now: i64, limits: &Limits) -> bool {
    let recent = opened.iter().filter(|at| now - **at <= limits.fleet_within).count();
    // One host alone is never a fleet, however small the fleet is.
    recent >= 2 && recent * 100 > hosts * limits.fleet_percent as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_fifth_within_a_minute_is_not_the_hosts() {
        let limits = Limits::default();
        let trips = |recent: usize, hosts: usize| tripped(&vec![0; recent], hosts, 60_000, &limits);
        for (recent, hosts, is) in [
            (20, 100, false),
            (21, 100, true),
            (1, 1, false),
            (1, 3, false),
            (2, 3, true),
            (2, 10, false),
            (3, 10, true),
            (0, 0, false),
        ] {
            assert_eq!(trips(recent, hosts), is, "{recent} of {hosts}");
        }
        assert!(!tripped(&[0; 50], 100, 60_001, &limits), "a minute ago is too long ago");
        let spread: Vec<i64> = (0..50).map(|n| n * 10_000).collect();
        assert!(!tripped(&spread, 100, 490_000, &limits), "one after the other is the hosts' own doing");
    }
}
