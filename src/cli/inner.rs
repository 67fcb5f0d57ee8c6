//! The hidden verbs: opsdeck's own processes. People never type them.

use super::Global;
use crate::api::ends;
use crate::recovery;
use crate::release;
use crate::run::machine::Nothing;
use crate::run::single::Single;
use crate::run::{RunSpec, Work, belongs, closing, fan, guard, index, read_own_spec, spawn, step, supervise};
use crate::state::StateDir;
use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::process::ExitCode;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Supervise a run.
#[derive(Debug, clap::Args)]
pub struct Supervise {
    /// The run.
    pub run: Uuid,
    /// The first supervisor: a word is expected on stdout.
    #[arg(long)]
    pub first: bool,
    /// Secrets come on stdin.
    #[arg(long)]
    pub secrets: bool,
}

/// Run one step.
#[derive(Debug, clap::Args)]
pub struct Step {
    /// The run.
    pub run: Uuid,
    /// The step.
    pub step: u32,
    /// Token of the lease that the run must still hold.
    #[arg(long)]
    pub fence: Option<i64>,
}

/// Run the shell command of a step.
#[derive(Debug, clap::Args)]
pub struct FanOut {
    /// The run.
    pub run: Uuid,
    /// The step.
    pub step: u32,
    /// Options of `ansible` that name where passwords are read.
    #[arg(last = true)]
    pub passwords: Vec<String>,
}

/// A process of its own: no terminal, no folder of anybody's.
fn detach() -> Result<()> {
    let _ = rustix::process::setsid();
    // Secrets are in its memory: no core dump of it, and nobody else's debugger. Its children are as they always are.
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .context("cannot keep secrets out of core dumps")?;
    std::env::set_current_dir("/").context("cannot enter /")?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    Ok(())
}

/// The spec of a run that belongs here and to whoever runs this: no other is carried out.
fn ours(store: &StateDir, run: Uuid) -> Result<RunSpec> {
    let spec = read_own_spec(&store.run(run))?;
    match belongs::of(store, run, &spec).read_only() {
        Some(why) => anyhow::bail!("{why}"),
        None => Ok(spec),
    }
}

/// The parent of a run's supervisors.
///
/// # Errors
/// The run cannot be supervised.
pub fn guard(global: &Global, args: &Supervise) -> Result<ExitCode> {
    detach()?;
    let store = global.store();
    ours(&store, args.run)?;
    Ok(guard::mind(&store, args.run, args.first, secrets(args)?)?.into())
}

/// What comes on stdin; full size from the start for what is usual: growing would leave copies behind.
fn secrets(args: &Supervise) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut secrets = Zeroizing::new(Vec::with_capacity(if args.secrets { 64 << 10 } else { 0 }));
    if args.secrets {
        std::io::stdin().read_to_end(&mut secrets)?;
    }
    Ok((!secrets.is_empty()).then_some(secrets))
}

/// The supervisor: picks the machine by the kind of run.
///
/// # Errors
/// The run cannot be supervised; it stays as it is, and the next supervisor may go on.
pub fn supervise(global: &Global, args: &Supervise) -> Result<ExitCode> {
    detach()?;
    let store = global.store();
    let secrets = secrets(args)?;
    let spec = ours(&store, args.run)?;
    // What others left open is closed beside the work: nothing waits for it.
    let (state, own) = (store.clone(), args.run);
    std::thread::spawn(move || {
        if let Err(e) = closing::end_elders(&state) {
            tracing::warn!("supervisors of an earlier version stay until somebody looks at their runs: {e}");
        }
        if let Err(e) = closing::close(&state, ends::of(&state)) {
            tracing::warn!("what others left open in the ledger stays open for now (run {own}): {e}");
        }
    });
    let taken = || {
        if args.first {
            // Whoever launched it may be gone: the run goes on.
            let _ = writeln!(std::io::stdout(), "{}", spawn::TAKEN);
        }
    };
    match &spec.work {
        Work::Ansible(ask) => {
            let machine = Single::of(ask, spec.on_conflict);
            supervise::run(&store, spec, (machine, Nothing), args.first, secrets, taken)?;
        }
        Work::Plan(plan) => {
            if let Some(body) = recovery::launch::frozen(&spec)? {
                let world = recovery::world::World::new(&store, spec.id, body.clone());
                let lost = if secrets.is_none() { spec.secrets.clone() } else { Vec::new() };
                let machine = recovery::world::machine(&store, spec.id, body, lost);
                supervise::run(&store, spec, (machine, world), args.first, secrets, taken)?;
                return Ok(ExitCode::SUCCESS);
            }
            let Some(body) = release::launch::body(&spec)? else {
                anyhow::bail!("this opsdeck knows no run of the kind {:?}", plan.kind)
            };
            let mut world = release::world::World::new(&store, spec.id, body.plan.clone());
            if secrets.is_none() {
                world = world.without(&spec.secrets);
            }
            if spec.break_glass.is_some() {
                world = world.under_glass();
            }
            let machine = release::supervise::Supervised::new(&store, spec.id, body);
            supervise::run(&store, spec, (machine, world), args.first, secrets, taken)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The step runner. After the step it looks whether somebody is there to take note of its end.
///
/// # Errors
/// The step's own files cannot be used.
pub fn step(global: &Global, args: &Step) -> Result<ExitCode> {
    detach()?;
    let store = global.store();
    ours(&store, args.run)?;
    step::run(&store, args.run, args.step, args.fence)?;
    spawn::revive(&store, args.run)?;
    Ok(ExitCode::SUCCESS)
}

/// Fills an index that is not whole.
///
/// # Errors
/// The index cannot be written.
pub fn reindex(global: &Global) -> Result<ExitCode> {
    detach()?;
    index::whole_index(&global.store())?;
    Ok(ExitCode::SUCCESS)
}

/// The child of a step that runs a shell command; the step runner has made it a process of its own.
///
/// # Errors
/// The step's own files cannot be used.
pub fn fan_out(global: &Global, args: FanOut) -> Result<ExitCode> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).with_target(false).init();
    Ok(fan::run(&global.store(), args.run, args.step, args.passwords)?.into())
}
