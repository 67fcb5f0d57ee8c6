//! What the screens need of health: which environment is read, and whose hosts are asked. Pure.

use crate::tui::model::Model;
use crate::tui::model::screen::ScreenId;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Index of the environment that is read; `None`: none is in sight.
    pub env: Option<usize>,
    pub poll: Poll,
    /// The picture is to hold hosts of which nothing is known, too.
    pub whole: bool,
}

/// Which hosts are asked, if nobody else asks them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Poll {
    /// None: no screen shows them.
    #[default]
    No,
    /// These: they are in sight.
    Hosts(Vec<String>),
    All,
}

pub fn wanted(model: &Model) -> Wanted {
    let env = model.env_in_sight();
    let poll = match model.screen().id {
        // A console that only looks asks nobody.
        _ if model.read_only => Poll::No,
        ScreenId::Health => Poll::All,
        ScreenId::Fleet => in_sight(model),
        _ => Poll::No,
    };
    Wanted { env, poll, whole: model.is_at(ScreenId::Health) }
}

/// The hosts that Fleet's table shows.
fn in_sight(model: &Model) -> Poll {
    let Some((place, topology)) = model.place().and_then(|place| Some((place, place.known()?))) else {
        return Poll::No;
    };
    // Before the first frame it is not known how many rows there are: one host would be asked, and the others later.
    if !model.hits.has("hosts") {
        return Poll::No;
    }
    let window = place.host_list.window(place.rows.len(), model.page("hosts"));
    let hosts: Vec<String> =
        place.rows[window].iter().filter_map(|host| topology.hosts.get(*host as usize).cloned()).collect();
    if hosts.is_empty() { Poll::No } else { Poll::Hosts(hosts) }
}
