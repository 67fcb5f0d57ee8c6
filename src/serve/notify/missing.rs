//! What a receiver needs on this machine and is not there, for `opsdeck check` and the first lines of `opsdeck serve`: else
//! the first page of the night would find out. A warning: the project may be checked elsewhere.

use super::send;
use crate::project::config::notify::Via;
use crate::project::{Problem, Project};
use crate::text;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Programs that are not there, and files with secrets that cannot be read.
pub fn missing(project: &Project) -> Vec<Problem> {
    let receivers = project.notify.receivers.iter();
    let told = receivers.filter_map(|receiver| Some((&receiver.name, lack(&project.root, &receiver.via)?)));
    told.map(|(name, why)| {
        let message = text::plain(&format!("receiver \"{name}\" cannot be told from this machine: {why}")).into_owned();
        Problem::warning("opsdeck.yaml", message)
    })
    .collect()
}

fn lack(root: &Path, via: &Via) -> Option<String> {
    match via {
        Via::Alertmanager(target) | Via::Webhook(target) => {
            let headers = target.headers_file.as_ref().and_then(|path| send::headers(&root.join(path)).err());
            headers.or_else(|| send::address(root, &target.address).err())
        }
        Via::Command(argv) => {
            let name = argv.first()?;
            let runs = |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
            let path = std::env::var_os("PATH").unwrap_or_default();
            let found = match name.contains('/') {
                true => runs(&root.join(name)),
                false => std::env::split_paths(&path).any(|folder| runs(&folder.join(name))),
            };
            (!found).then(|| format!("there is no program {name}"))
        }
        Via::Screen => None,
    }
}
