//! What can block (SQLite, exec, reading, waiting) is done on threads of their own: the thread that must hear "stop" only takes
//! in what came of it. The lease is asked for here.

use super::{Came, SuperviseError, Supervisor, now};
use crate::run::lease::{self, Hold};
use crate::run::machine::{Input, Machine, World};
use crate::state::{Control, DbError, StateDir};

/// The lease is being asked for.
#[derive(Debug, Default)]
pub(super) struct Leasing {
    /// A person asked meanwhile that another's is broken.
    force: bool,
    /// It is needed no more: what is got is given back.
    unwanted: bool,
}

impl<M: Machine, W: World<M>> Supervisor<M, W> {
    /// Something is under way that has to be taken in before the end.
    pub(super) fn is_waiting(&self) -> bool {
        self.leasing.is_some() || self.asking > 0
    }

    pub(super) fn take_lease(&mut self, force: bool) {
        if let Some(leasing) = &mut self.leasing {
            *leasing = Leasing { force: leasing.force || force, unwanted: false };
            return;
        }
        self.leasing = Some(Leasing::default());
        let (store, spec, mut open, back) =
            (self.store.clone(), self.spec.clone(), self.control.take(), self.back.clone());
        std::thread::spawn(move || {
            let taken = control(&mut open, &store).and_then(|control| match force {
                true => lease::break_and_take(&store, control, &spec, now()),
                false => lease::take(&store, control, &spec, now()),
            });
            let taken = taken.or_else(|e| lease::take_whole(&store, &spec, e, now()));
            // Nobody takes it in only where the supervisor has ended: then it is freed by evidence.
            let _ = back.send(Came::Lease(open, taken));
        });
    }

    pub(super) fn leased(
        &mut self,
        control: Option<Control>,
        taken: Result<Hold, DbError>,
    ) -> Result<(), SuperviseError> {
        self.control = control;
        let Leasing { force, unwanted } = self.leasing.take().unwrap_or_default();
        let input = match taken {
            // After the end it is freed with all the rest.
            Ok(Hold::Got { .. }) if self.state.state.is_terminal() => return Ok(()),
            Ok(Hold::Got { token }) if unwanted => {
                self.free(Some(token));
                return Ok(());
            }
            Ok(Hold::Got { token }) => Input::LeaseGot { token },
            Ok(Hold::HeldBy { .. }) if force => {
                self.take_lease(true);
                return Ok(());
            }
            Ok(Hold::HeldBy { run, why }) => Input::LeaseHeld { by: run.to_string(), why },
            Err(e) => Input::LeaseUnknown { why: format!("whether its hosts are held cannot be told: {e}") },
        };
        let effects = self.decide(&input);
        self.settle(effects)
    }

    pub(super) fn free_lease(&mut self) {
        if let Some(leasing) = &mut self.leasing {
            leasing.unwanted = true;
        }
        if self.spec.break_glass.is_some()
            && let Err(e) = lease::whole::free(&self.store, self.spec.id)
        {
            tracing::warn!("the lease for the whole state is freed by whoever asks for it next: {e}");
        }
        // One that died between the lease and its event knows no token.
        self.free(self.state.lease);
    }

    fn free(&mut self, token: Option<i64>) {
        let freed = control(&mut self.control, &self.store)
            .and_then(|control| lease::free(&self.store, control, self.spec.id, token, "it needs its hosts no more"));
        if let Err(e) = freed {
            tracing::warn!("its lease is freed by whoever asks for it next: {e}");
        }
    }
}

/// The control database; opened again where that failed, or where another took its place.
fn control<'a>(open: &'a mut Option<Control>, store: &StateDir) -> Result<&'a Control, DbError> {
    let control = match open.take().filter(|control| control.is_in_place()) {
        Some(control) => control,
        None => Control::open(store)?,
    };
    Ok(open.insert(control))
}
