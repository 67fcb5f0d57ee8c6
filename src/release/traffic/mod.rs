//! Load balancers: what is asked of them and what they answer. Every operation ends in a reading back; one that reached
//! only some of the balancers is put back and reported as not ok.

mod active;
mod command;
mod driver;
mod haproxy;
mod kubernetes;
mod protocol;
mod runtime;
mod stat;

pub use active::active;
pub use protocol::{Scene, perform};
pub use runtime::Runtime;
pub use stat::servers;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Look only.
    Status,
    /// May all balancers be switched to this pool? Changes nothing.
    Check { to: String },
    /// All traffic to a pool: write (file, then memory), read back, prove by requests. Where one balancer fails, the
    /// others are put back.
    Switch {
        to: String,
        /// Version that requests must be answered by; `None`: it is not asked (the way back is never held up).
        version: Option<String>,
    },
    /// A share of traffic to these hosts, by weight.
    Weight {
        /// Hosts of the new version.
        hosts: Vec<String>,
        /// Their share (percent).
        percent: u8,
    },
    /// Take hosts out of service and wait until their sessions have ended.
    Out { hosts: Vec<String> },
    /// Put hosts back into service.
    In { hosts: Vec<String> },
    /// Wait until the old pool has no session left.
    Drain { pool: String },
}

impl Op {
    /// It acts at once and then only waits, for sessions to end or for hosts to be found well: it gives way to what is
    /// done next.
    pub fn only_waits(&self) -> bool {
        matches!(self, Op::Out { .. } | Op::In { .. })
    }

    pub fn only_looks(&self) -> bool {
        matches!(self, Op::Status | Op::Check { .. })
    }
}

/// One balancer as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    pub balancer: String,
    /// Pool that takes the traffic, where there are pools; `None`: not known.
    pub active: Option<String>,
    /// Share of traffic by pool (percent), or of `new` and `old` hosts with weights.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shares: BTreeMap<String, u8>,
    /// Servers up and servers in all, by pool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub up: BTreeMap<String, (u32, u32)>,
    /// Sessions still open by pool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sessions: BTreeMap<String, u64>,
    /// Hosts that are out of service (drained or in maintenance).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out: Vec<String>,
    /// Hosts that it finds dead: they serve nobody, whatever else is said of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub down: Vec<String>,
    /// From decision to read-back (microseconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_us: Option<u64>,
    /// What will be otherwise after a reload, in words: its file says something else than its memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
    /// What is wrong, in words; with `None` all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}
