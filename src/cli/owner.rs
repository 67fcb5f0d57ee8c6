//! Before anything of the state directory is opened: whose it is. Root becomes its owner; what is anybody else's is only
//! looked at, and said so. The one place for every verb and the console.

use super::{Global, Verb};
use crate::run::belongs;
use crate::run::launch::WAY;
use crate::state::StateDir;
use crate::state::access::Owner;
use crate::state::operator::{Account, Operator};
use crate::text::plain;
use anyhow::{Context, Result, bail};
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use std::convert::Infallible;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Lets a verb go on in the state directory, as whoever may.
///
/// # Errors
/// It acts, and the directory is another's; root cannot become the owner.
pub fn settle(global: &Global, verb: Option<&Verb>) -> Result<()> {
    if verb.is_some_and(|verb| !verb.uses_state()) {
        return Ok(());
    }
    let store = global.store();
    if let (Owner::Other { uid, .. }, true) = (store.owner(), geteuid().is_root()) {
        match become_owner(uid, &store)? {}
    }
    let Some(verb) =
        verb.filter(|verb| !matches!(verb, Verb::Guard(_) | Verb::Supervise(_) | Verb::Step(_) | Verb::FanOut(_)))
    else {
        return Ok(());
    };
    let home = belongs::home(&store);
    let refused = verb.acts() && !(verb.is_tried() && home.is_mine().is_ok());
    match (home.may_write(), home.words()) {
        (Err(why), _) if refused && verb.glass().is_some() && home.may_try().is_ok() => {
            bail!("nothing was done: {why}. {WAY}, as long as there is room for its own record")
        }
        (Err(why), _) if refused => bail!("nothing was done: {why}"),
        // Whoever acts in a copy is told by what refuses it.
        (Ok(()), _) if verb.acts() => {}
        (_, Some(words)) => eprintln!("opsdeck: {}", plain(&words)),
        _ => {}
    }
    Ok(())
}

/// Begins this program anew as the owner, in their own surroundings. The kernel keeps who logged in.
fn become_owner(uid: u32, store: &StateDir) -> Result<Infallible> {
    let root = store.root();
    let owner = Account::of(uid);
    let name = Operator::of_uid(uid).name;
    let words = || format!("{} belongs to {name}, and root could not become them: nothing was opened", root.display());
    // Who is in no list of users has the directory's group and no other.
    let gid = match &owner {
        Some(account) => account.gid,
        None => std::fs::metadata(root).with_context(words)?.gid(),
    };
    let groups = owner.as_ref().map(Account::groups).unwrap_or_default();
    let groups: Vec<Gid> = groups.into_iter().chain([gid]).map(Gid::from_raw).collect();
    // There is one thread yet: what it is, the process is. Last the user, who may not change the rest.
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    set_thread_groups(&groups).with_context(words)?;
    set_thread_res_gid(gid, gid, gid).with_context(words)?;
    set_thread_res_uid(uid, uid, uid).with_context(words)?;
    let mut args = std::env::args_os();
    let mut command = Command::new("/proc/self/exe");
    command.arg0(args.next().unwrap_or("opsdeck".into())).args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    let home = owner.as_ref().map_or("/".into(), |account| account.home.clone());
    command.env("HOME", home).env("USER", &name).env("LOGNAME", &name);
    // Found by the surroundings that are left.
    command.env("OPSDECK_STATE", root);
    Err(command.exec()).with_context(words)
}
