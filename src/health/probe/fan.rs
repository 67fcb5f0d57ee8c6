//! One question about many hosts at once, with one deadline for all. Whatever a question hangs in (a name that is looked
//! up, a server that trickles), the answers are there in time; what it hangs in is left to its thread.

use super::target::Target;
use std::collections::VecDeque;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const AT_ONCE: usize = 32;

type Jobs = Mutex<VecDeque<(usize, Vec<String>)>>;

/// True if `{host}` or its address stands in a text.
fn names_hosts(texts: &[&str]) -> bool {
    // A name that no host bears: it changes a text exactly where a host is named in it.
    let nobody = Target::named("\0");
    texts.iter().any(|text| nobody.fill(text) != *text)
}

/// Asks for each of `hosts`, with `{host}` and other variables filled into `texts`, or once (then without a host's name)
/// where filling in changes nothing. `ask` gets the filled texts and the time that it has. An answer that did not come in
/// time is `None`.
pub fn out<R, F>(texts: &[&str], hosts: &[Target], deadline: Instant, ask: F) -> Vec<(Option<String>, Option<R>)>
where
    R: Send + 'static,
    F: Fn(&[String], Duration) -> R + Send + Sync + 'static,
{
    let fill = |host: &Target| texts.iter().map(|text| host.fill(text)).collect::<Vec<_>>();
    let many = names_hosts(texts) || hosts.iter().any(|host| fill(host) != texts);
    let jobs: VecDeque<_> = match many {
        true => hosts.iter().map(fill).enumerate().collect(),
        false => [(0, texts.iter().map(|text| (*text).to_owned()).collect())].into(),
    };
    let mut answers: Vec<(Option<String>, Option<R>)> =
        (0..jobs.len()).map(|at| (many.then(|| hosts[at].name.clone()), None)).collect();
    let workers = jobs.len().min(AT_ONCE);
    let (jobs, ask) = (Arc::new(Mutex::new(jobs)), Arc::new(ask));
    let (send, came) = channel();
    for _ in 0..workers {
        let (jobs, ask, send) = (Arc::clone(&jobs), Arc::clone(&ask), send.clone());
        std::thread::spawn(move || {
            while let Some((at, texts)) = next(&jobs) {
                let left = time_for(deadline);
                // Nobody waits for it any more.
                if left.is_zero() || send.send((at, ask(&texts, left))).is_err() {
                    return;
                }
            }
        });
    }
    drop(send);
    while let Ok((at, answer)) = came.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        answers[at].1 = Some(answer);
    }
    answers
}

fn next(jobs: &Jobs) -> Option<(usize, Vec<String>)> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

/// A little less than what is left, so that a question that runs into its limit can still say so.
fn time_for(deadline: Instant) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    left - (left / 10).min(Duration::from_millis(250))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_asked_once_and_a_text_without_hosts_once_for_all() {
        let hosts: Vec<Target> = (0..100).map(|n| Target::named(&format!("w{n}"))).collect();
        let deadline = Instant::now() + Duration::from_secs(60);
        let answers = out(&["<{host}>"], &hosts, deadline, |texts, _| texts[0].clone());
        let expected = hosts.iter().map(|h| (Some(h.name.clone()), Some(format!("<{}>", h.name))));
        assert_eq!(answers, expected.collect::<Vec<_>>());
        let once = out(&["x"], &hosts, deadline, |texts, _| texts[0].clone());
        assert_eq!(once, [(None, Some("x".to_owned()))]);
        assert!(out(&["{host}"], &[], deadline, |_, _| ()).is_empty());
    }

    #[test]
    fn what_hangs_is_not_known_in_time_and_what_answered_counts() {
        let hosts = [Target::named("w1"), Target::named("w2")];
        let began = Instant::now();
        let gate = Arc::new(Mutex::new(()));
        let (held, inner) = (gate.lock().unwrap(), Arc::clone(&gate));
        let answers = out(&["{host}"], &hosts, began + Duration::from_millis(300), move |texts, _| {
            if texts[0] == "w1" {
                drop(inner.lock());
            }
        });
        drop(held);
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_eq!((answers[0].1, answers[1].1), (None, Some(())));
    }
}
