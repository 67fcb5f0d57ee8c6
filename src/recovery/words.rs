//! An incident in words, for people: where it stands, why, since when it is well again, and what they can do.

use super::incident::{Incident, OBSERVED, State};
use crate::ansible::shell;
use crate::text::human;

impl Incident {
    /// Where it stands, for how long, and why; of one that needs a person also what ends that. Holds text from hosts.
    pub fn words(&self, now: i64) -> String {
        let span = human::short(now - self.since);
        if self.state == State::Inhibited
            && let Some(would) = self.why.strip_prefix(OBSERVED)
        {
            return format!("observed for {span}: {would}");
        }
        let mut words = format!("{} for {span}: {}", self.state.name(), self.why);
        if let Some(since) = self.well {
            words += &format!("; well for {}", human::short(now - since));
        }
        if self.state == State::Escalated {
            words += &format!("; nothing is done here until somebody takes it over: {}", self.take_over());
        }
        words
    }

    /// The command by which a person takes it over.
    pub fn take_over(&self) -> String {
        let words = ["opsdeck", "recovery", "take-over", "-E", &self.environment, &self.host, "--policy", &self.policy];
        shell(&words.map(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_must_do_what_is_said_with_the_command() {
        let incident = Incident::new("prod", "web", "h1", 0);
        let escalated =
            Incident { state: State::Escalated, why: "common cause".into(), well: Some(60_000), ..incident };
        assert_eq!(
            escalated.words(900_000),
            "escalated for 15m: common cause; well for 14m; nothing is done here until somebody takes it over: \
             opsdeck recovery take-over -E prod h1 --policy web"
        );
        let why = format!("{OBSERVED}would have run \"restart\"");
        let observed = Incident { state: State::Inhibited, why, well: None, ..escalated };
        assert_eq!(observed.words(9_000), "observed for 9s: would have run \"restart\"");
    }
}
