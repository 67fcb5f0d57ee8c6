//! `opsdeck health`: how the hosts are. Asks them itself where nobody else does; else reads what the poller wrote.
//!
//! Exit codes: 0 all is well (without `--once`: it was ended), 3 something is bad, 4 something needs a look or waits for a
//! person, 5 something is not known or stale; 1 an error.

mod show;

use super::{Global, alarm, known, print};
use crate::alarm::{Grade, Reason};
use crate::health::board::Board;
use crate::health::breaker::{Breaker, Keeper, Key, Position};
use crate::health::judge::Status;
use crate::health::plan;
use crate::health::poll::{Options, Polling};
use crate::health::read::Reader;
use crate::health::record::Report;
use crate::health::sample;
use crate::health::silence::Silences;
use crate::health::store::Store;
use crate::project::Project;
use crate::state::operator::Operator;
use crate::state::{Access, Control, StateDir};
use anyhow::{Result, bail};
use std::collections::{BTreeSet, HashMap};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often it is looked at what was written.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is looked at what has grown old meanwhile.
const AGE: Duration = Duration::from_secs(2);
/// How long `--once` waits beyond the slowest interval: a slow machine may ask through Ansible.
const PATIENCE: Duration = Duration::from_secs(90);

/// Options of the verb; its words are in `cli`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  opsdeck health -E production --once
  opsdeck health -E production --once --all
  opsdeck health 'web:&eu'
  opsdeck health -E staging --raw web1 sample
  opsdeck health --once --json | jq '.hosts[] | select(.status != \"ok\")'

Exit codes: 0 all is well (without --once: it was ended), 3 something is bad, 4 something needs a look or waits for a \
person, or nobody acts who should; 5 something is not known or stale, 1 an error. What is silenced counts for none of them.")]
pub struct Args {
    /// Hosts, as a pattern
    #[arg(default_value = "all", allow_hyphen_values = true)]
    pub pattern: String,
    /// Environment of the project; not needed where there is only one
    #[arg(short = 'E', short_alias = 'e', long = "environment", alias = "env", value_name = "NAME")]
    pub environment: Option<String>,
    /// Ask once what was not asked within its interval, print what is not well, and end
    #[arg(long)]
    pub once: bool,
    /// With --once: print what is well, too
    #[arg(long, requires = "once")]
    pub all: bool,
    /// Print the last raw answers of a check on a host (`-`: of one that is asked once for all), newest first; asks nothing
    #[arg(long, num_args = 2, value_names = ["HOST", "CHECK"], conflicts_with = "once")]
    pub raw: Vec<String>,
    /// Print the script that hosts are sampled with, and end
    #[arg(long, conflicts_with_all = ["once", "raw", "json"])]
    pub script: bool,
    /// Print JSON: one document with --once and --raw, else one line a change
    #[arg(long)]
    pub json: bool,
}

impl Args {
    /// It asks the hosts, and writes down what they said.
    pub fn acts(&self) -> bool {
        !self.script && self.raw.is_empty()
    }
}

/// Prints it. Where nothing can be written no host is asked: what is printed was written down before.
///
/// # Errors
/// No such environment, a pattern that selects nothing, an inventory that cannot be read, a state directory that cannot.
pub fn run(global: &Global, args: &Args) -> Result<ExitCode> {
    if args.script {
        print::print(sample::SCRIPT)?;
        return Ok(ExitCode::SUCCESS);
    }
    let project = Arc::new(Project::discover(&global.project)?);
    let environment = known::choose(&project, args.environment.as_deref())?.clone();
    let state = global.store();
    let who = format!("opsdeck health of {}", Operator::current().name);
    let mut options = Options { state, project: Arc::clone(&project), environment, who, hosts: None, lasts: false };
    let store = Store::open(&options.state, &options.scope())?;
    if let [host, check] = args.raw.as_slice() {
        return raw(&options, &store, (host, check), args.json);
    }
    let (hosts, asked) = hosts(&options, &args.pattern)?;
    options.hosts = Some(hosts.clone());
    let control = Control::open(&options.state)?;
    let (state, environment) = (options.state.clone(), options.environment.name.clone());
    let asks = options.state.access() == Access::Write;
    let polling = if asks { Some(Polling::start(options)?) } else { None };
    let keeper = Keeper::open(&state)?;
    let watched = Watched { state, project, control, keeper, environment, hosts, asks };
    let done = if args.once {
        let limit = if asks { limit(&asked) } else { Duration::ZERO };
        once(Reader::new(store), &watched, (&asked, limit), (args.json, args.all))
    } else {
        follow(Reader::new(store), &watched, args.json)
    };
    polling.into_iter().for_each(Polling::stop);
    done
}

/// What is asked where: host and probe, and seconds between two times.
type Asked = HashMap<(Option<String>, String), u32>;

/// The hosts of the pattern, and all that is asked of them or once for all.
fn hosts(options: &Options, pattern: &str) -> Result<(Vec<String>, Asked)> {
    let inventory = known::inventory(&options.project, &options.environment)?;
    let hosts = known::hosts(&inventory, pattern)?;
    if hosts.is_empty() {
        bail!("no host of {} matches `{pattern}`", options.environment.name);
    }
    let (jobs, _) = plan::jobs(&plan::watches(&options.project, &options.environment.name), &inventory);
    let here = jobs.into_iter().filter(|job| job.host.as_ref().is_none_or(|host| hosts.contains(host)));
    let asked = here.map(|job| ((job.host, job.watch.name.clone()), job.watch.rule.interval)).collect();
    Ok((hosts, asked))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn raw(options: &Options, store: &Store, (host, check): (&str, &str), json: bool) -> Result<ExitCode> {
    let host = Some(host).filter(|host| *host != "-");
    let mut all = store.raw(host, check)?;
    if all.is_empty() {
        // The checks of a sample are known by other names than the probe that brings them.
        let reports = store.reports(0)?.into_iter().filter(|report| report.host.as_deref() == host);
        let reports: Vec<Report> = reports.collect();
        match reports.iter().find(|report| report.records.iter().any(|record| record.check == check)) {
            Some(report) => all = store.raw(host, &report.probe)?,
            None => is_asked(options, &reports, host, check)?,
        }
    }
    print::print(&if json { show::raw_json(&all) } else { show::raw(&all) })?;
    Ok(ExitCode::SUCCESS)
}

/// A check that is asked there may have no answer yet; what is asked nowhere is a mistake, and it is said what there is.
fn is_asked(options: &Options, reports: &[Report], host: Option<&str>, check: &str) -> Result<()> {
    let (hosts, asked) = hosts(options, "all")?;
    if let Some(host) = host.filter(|host| !hosts.iter().any(|known| known == host)) {
        bail!("no host {host:?} in {}", options.environment.name);
    }
    let probes = asked.into_keys().filter(|(of, _)| of.as_deref() == host).map(|(_, probe)| probe);
    let checks = reports.iter().flat_map(|report| &report.records).map(|record| record.check.clone());
    let known: BTreeSet<String> = probes.chain(checks).collect();
    if known.contains(check) {
        return Ok(());
    }
    let there = host.map_or("beside hosts".to_owned(), |host| format!("on {host}"));
    bail!("no check {check:?} {there}: there are {}", known.into_iter().collect::<Vec<_>>().join(", "))
}

/// The hosts that are shown, and where it stands what a person silenced there.
struct Watched {
    state: StateDir,
    project: Arc<Project>,
    control: Control,
    keeper: Keeper,
    environment: String,
    hosts: Vec<String>,
    /// This process asks them, if nobody else does.
    asks: bool,
}

impl Watched {
    /// Breakers that are not closed: they keep others off, whatever the checks say.
    fn breakers(&self) -> Result<Vec<(Key, Breaker)>> {
        let mut all = self.keeper.list(Some(&self.environment))?;
        all.retain(|(_, breaker)| breaker.position(now()) != Position::Closed);
        Ok(all)
    }

    /// What waits for a person there, and whether anybody acts who should.
    fn waits(&self, board: &Board) -> Vec<Reason> {
        let stale = !self.asks && board.hosts.stale + board.services.stale > 0;
        alarm::of(&alarm::facts(&self.state, &self.project), &self.environment, stale)
    }

    fn board(&self, reader: &Reader) -> Result<Board> {
        let silences = Silences::read(&self.control, &self.environment, &self.project.recovery, now())?;
        Ok(reader.board(&self.hosts, &silences, now()))
    }
}

/// All of it was asked since that moment, or within its interval before.
fn is_new(reader: &Reader, asked: &Asked, began: i64) -> bool {
    let is = |(key, interval): (&(Option<String>, String), &u32)| {
        reader.asked(key).is_some_and(|at| at >= began - i64::from(*interval) * 1000)
    };
    asked.iter().all(is)
}

/// How long is waited for what is asked.
fn limit(asked: &Asked) -> Duration {
    PATIENCE + Duration::from_secs(asked.values().max().copied().unwrap_or_default().into())
}

/// Until all was asked, or the slowest has had its time.
fn once(
    mut reader: Reader,
    watched: &Watched,
    (asked, limit): (&Asked, Duration),
    (json, all): (bool, bool),
) -> Result<ExitCode> {
    let (began, start) = (now(), Instant::now());
    loop {
        reader.read(now())?;
        if is_new(&reader, asked, began) || start.elapsed() > limit {
            let board = watched.board(&reader)?;
            let (breakers, waits) = (watched.breakers()?, watched.waits(&board));
            let text = match json {
                true => show::json(&board, (&breakers, &waits), now()),
                false => show::text(&board, (&breakers, &waits), all, now()),
            };
            print::print(&text)?;
            return Ok(code(&board, &waits));
        }
        std::thread::sleep(LOOK);
    }
}

/// Prints the board when it is known, then every change, until it is ended.
fn follow(mut reader: Reader, watched: &Watched, json: bool) -> Result<ExitCode> {
    let mut seen: HashMap<(Option<String>, String), Status> = HashMap::new();
    let mut drawn = Instant::now();
    loop {
        if !reader.read(now())? && drawn.elapsed() < AGE {
            std::thread::sleep(LOOK);
            continue;
        }
        drawn = Instant::now();
        let board = watched.board(&reader)?;
        for row in &board.rows {
            let key = (row.host.clone(), row.check.clone());
            // At first only what is not well: that of hundreds of hosts is the news.
            let news = seen.insert(key, row.status).map_or(row.status != Status::Ok, |before| before != row.status);
            if news && row.age.is_some() {
                let line = if json { show::row_json(row, now()).to_string() + "\n" } else { show::row(row, now()) };
                print::print(&line)?;
            }
        }
        std::thread::sleep(LOOK);
    }
}

fn code(board: &Board, waits: &[Reason]) -> ExitCode {
    let any = |n: fn(&crate::health::board::Counts) -> u32| n(&board.hosts) + n(&board.services) > 0;
    match () {
        () if any(|counts| counts.bad) => ExitCode::from(3),
        () if any(|counts| counts.warn) || waits.iter().any(|reason| reason.grade != Grade::Unknown) => {
            ExitCode::from(4)
        }
        () if any(|counts| counts.stale + counts.unknown) || !waits.is_empty() => ExitCode::from(5),
        () => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::Place;

    #[test]
    fn all_is_well_only_where_nobody_waits_for_a_person() {
        let reason = |grade| Reason {
            grade,
            environments: vec![],
            place: Place::Health,
            short: String::new(),
            long: String::new(),
            next: "opsdeck recovery",
        };
        let (mut bad, mut stale) = (Board::default(), Board::default());
        (bad.hosts.bad, stale.hosts.stale) = (1, 1);
        let code = |board: &Board, grades: &[Grade]| {
            let waits: Vec<Reason> = grades.iter().map(|grade| reason(*grade)).collect();
            format!("{:?}", super::code(board, &waits))
        };
        let is = |n: u8| format!("{:?}", ExitCode::from(n));
        let well = Board::default();
        assert_eq!(code(&well, &[]), is(0));
        assert_eq!((code(&well, &[Grade::Bad]), code(&well, &[Grade::Warning])), (is(4), is(4)));
        assert_eq!((code(&well, &[Grade::Unknown]), code(&stale, &[Grade::Bad])), (is(5), is(4)));
        assert_eq!((code(&bad, &[Grade::Warning]), code(&stale, &[])), (is(3), is(5)));
    }
}
