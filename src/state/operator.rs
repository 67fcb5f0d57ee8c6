//! Who acts: read once from the kernel and the login, never from a flag.

use serde::{Deserialize, Serialize};

/// Who asked, and from where. Fields that only the environment says are marked unverified in the audit ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Operator {
    /// Login name: of `/proc/self/loginuid` where it is set (it survives sudo), else of the real uid.
    pub name: String,
    /// Effective user's name.
    pub effective: String,
    /// Client address and port from `SSH_CONNECTION`.
    pub from: Option<String>,
    /// Terminal device.
    pub tty: Option<String>,
    /// Audit session id of the kernel, where there is one.
    pub session: Option<String>,
    /// Name of the control host.
    pub host: String,
}
