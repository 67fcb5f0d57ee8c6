//! What a record says: the action and its phase, who, where, what, and how it ended.

use crate::state::operator::Operator;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What was done. Each has a code that never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// A run was launched (or refused).
    #[serde(rename = "run.launch")]
    RunLaunch,
    /// Somebody asked to stop a run.
    #[serde(rename = "run.stop")]
    RunStop,
    #[serde(rename = "run.end")]
    RunEnd,
    /// A supervisor took over a run whose supervisor had died.
    #[serde(rename = "run.adopt")]
    RunAdopt,
    #[serde(rename = "release.approve")]
    ReleaseApprove,
    /// Somebody ended a release before it began.
    #[serde(rename = "release.reject")]
    ReleaseReject,
    /// Somebody let a release wait.
    #[serde(rename = "release.pause")]
    ReleasePause,
    /// Somebody let it go on.
    #[serde(rename = "release.resume")]
    ReleaseResume,
    /// Somebody let it go on without any more pauses.
    #[serde(rename = "release.promote")]
    ReleasePromote,
    /// Somebody left out a gate or what stood in the way: break-glass.
    #[serde(rename = "release.skip")]
    ReleaseSkip,
    /// Somebody let steps run again on hosts where they failed.
    #[serde(rename = "release.retry")]
    ReleaseRetry,
    #[serde(rename = "release.stop")]
    ReleaseStop,
    #[serde(rename = "release.rollback")]
    ReleaseRollback,
    /// Somebody said what a host is: break-glass.
    #[serde(rename = "release.mark")]
    ReleaseMark,
    /// Somebody ended a release with hosts of two versions: break-glass.
    #[serde(rename = "release.accept-mixed")]
    ReleaseAcceptMixed,
    /// Somebody took the environment from whoever held it: break-glass.
    #[serde(rename = "release.take-over")]
    ReleaseTakeOver,
    /// Somebody ended a release for another that goes forward from where it stands: break-glass.
    #[serde(rename = "release.roll-forward")]
    ReleaseRollForward,
    /// Somebody gave a release its passwords again, after the supervisor that had them.
    #[serde(rename = "release.passwords")]
    ReleasePasswords,
    /// A release told people that it needs them.
    #[serde(rename = "release.page")]
    ReleasePage,
    /// A run took another's lease away.
    #[serde(rename = "lease.break")]
    LeaseBreak,
    /// Somebody made a copied state directory one of its own.
    #[serde(rename = "state.claim")]
    StateClaim,
    /// A run took the lease of its hosts.
    #[serde(rename = "lease.take")]
    LeaseTake,
    /// A run gave its lease back.
    #[serde(rename = "lease.free")]
    LeaseFree,
    /// Somebody stopped the line of an environment: no release begins or goes on there.
    #[serde(rename = "line.stop")]
    LineStop,
    #[serde(rename = "line.open")]
    LineOpen,
    /// A breaker opened, closed or was tried, by its results.
    #[serde(rename = "breaker.change")]
    BreakerChange,
    /// Somebody forced a breaker, or left it to itself again.
    #[serde(rename = "breaker.force")]
    BreakerForce,
    /// Somebody silenced something for a while.
    #[serde(rename = "silence.set")]
    SilenceSet,
    #[serde(rename = "silence.lift")]
    SilenceLift,
    /// Auto-recovery decided: to act, not to act and why, or to call a person.
    #[serde(rename = "recovery.decide")]
    RecoveryDecide,
    /// Auto-recovery acts on a host.
    #[serde(rename = "recovery.act")]
    RecoveryAct,
    /// A recovery went over into another state.
    #[serde(rename = "recovery.step")]
    RecoveryStep,
    /// Somebody took an incident over from auto-recovery.
    #[serde(rename = "recovery.take_over")]
    RecoveryTakeOver,
    /// Somebody switched auto-recovery off or on.
    #[serde(rename = "recovery.switch")]
    RecoverySwitch,
    /// Somebody read the secret variables of a run.
    #[serde(rename = "values.read")]
    ValuesRead,
    #[serde(rename = "audit.read")]
    AuditRead,
    #[serde(rename = "audit.verify")]
    AuditVerify,
    /// Somebody took values of a row out of the ledger.
    #[serde(rename = "audit.redact")]
    AuditRedact,
    /// Somebody took values out of a run's journal.
    #[serde(rename = "journal.redact")]
    JournalRedact,
}

/// Before the act, after it, or instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// About to act: on disk before anything happens.
    Intent,
    /// It was done, and this came of it.
    Outcome,
    /// It was refused: nothing was done.
    Denied,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Started,
    Success,
    /// Ended badly, or was refused.
    Failure,
    Unknown,
    Cancelled,
}

impl Action {
    /// The name in the ledger: `run.launch`.
    pub fn name(self) -> &'static str {
        match self {
            Action::RunLaunch => "run.launch",
            Action::RunStop => "run.stop",
            Action::RunEnd => "run.end",
            Action::RunAdopt => "run.adopt",
            Action::ReleaseApprove => "release.approve",
            Action::ReleaseReject => "release.reject",
            Action::ReleasePause => "release.pause",
            Action::ReleaseResume => "release.resume",
            Action::ReleasePromote => "release.promote",
            Action::ReleaseSkip => "release.skip",
            Action::ReleaseRetry => "release.retry",
            Action::ReleaseStop => "release.stop",
            Action::ReleaseRollback => "release.rollback",
            Action::ReleaseMark => "release.mark",
            Action::ReleaseAcceptMixed => "release.accept-mixed",
            Action::ReleaseTakeOver => "release.take-over",
            Action::ReleaseRollForward => "release.roll-forward",
            Action::ReleasePasswords => "release.passwords",
            Action::ReleasePage => "release.page",
            Action::LeaseBreak => "lease.break",
            Action::StateClaim => "state.claim",
            Action::LeaseTake => "lease.take",
            Action::LeaseFree => "lease.free",
            Action::LineStop => "line.stop",
            Action::LineOpen => "line.open",
            Action::BreakerChange => "breaker.change",
            Action::BreakerForce => "breaker.force",
            Action::SilenceSet => "silence.set",
            Action::SilenceLift => "silence.lift",
            Action::RecoveryDecide => "recovery.decide",
            Action::RecoveryAct => "recovery.act",
            Action::RecoveryStep => "recovery.step",
            Action::RecoveryTakeOver => "recovery.take_over",
            Action::RecoverySwitch => "recovery.switch",
            Action::ValuesRead => "values.read",
            Action::AuditRead => "audit.read",
            Action::AuditVerify => "audit.verify",
            Action::AuditRedact => "audit.redact",
            Action::JournalRedact => "journal.redact",
        }
    }

    /// The stable code with its phase: `OD1001I` (intent), `O` (outcome), `D` (denied).
    pub fn code(self, phase: Phase) -> String {
        let number = match self {
            Action::RunLaunch => 1001,
            Action::RunStop => 1002,
            Action::RunEnd => 1003,
            Action::RunAdopt => 1004,
            Action::ReleaseApprove => 1101,
            Action::ReleaseReject => 1102,
            Action::ReleasePause => 1103,
            Action::ReleaseResume => 1104,
            Action::ReleasePromote => 1105,
            Action::ReleaseRetry => 1106,
            Action::ReleaseStop => 1107,
            Action::ReleaseRollback => 1108,
            Action::ReleasePage => 1109,
            Action::ReleasePasswords => 1110,
            Action::ReleaseSkip => 1191,
            Action::ReleaseMark => 1192,
            Action::ReleaseAcceptMixed => 1193,
            Action::ReleaseTakeOver => 1194,
            Action::ReleaseRollForward => 1195,
            Action::LeaseBreak => 1005,
            Action::LeaseTake => 1006,
            Action::LeaseFree => 1007,
            Action::StateClaim => 1201,
            Action::ValuesRead => 1202,
            Action::LineStop => 1301,
            Action::LineOpen => 1302,
            Action::BreakerChange => 1401,
            Action::BreakerForce => 1402,
            Action::SilenceSet => 1411,
            Action::SilenceLift => 1412,
            Action::RecoveryDecide => 1501,
            Action::RecoveryAct => 1502,
            Action::RecoveryStep => 1503,
            Action::RecoveryTakeOver => 1504,
            Action::RecoverySwitch => 1505,
            Action::AuditRead => 2001,
            Action::AuditVerify => 2002,
            Action::AuditRedact => 2003,
            Action::JournalRedact => 2004,
        };
        let letter = match phase {
            Phase::Intent => 'I',
            Phase::Outcome => 'O',
            Phase::Denied => 'D',
        };
        format!("OD{number}{letter}")
    }
}

impl Phase {
    /// The phase of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Phase::Intent, Phase::Outcome, Phase::Denied].into_iter().find(|phase| phase.name() == name)
    }

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Intent => "intent",
            Phase::Outcome => "outcome",
            Phase::Denied => "denied",
        }
    }
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Started, Status::Success, Status::Failure, Status::Unknown, Status::Cancelled];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Status::Started => "started",
            Status::Success => "success",
            Status::Failure => "failure",
            Status::Unknown => "unknown",
            Status::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or_else(|| format!("expected one of {}", names()))
    }
}

/// How a record stands, in the word that lists show: `intent` and `denied` are told by the phase, all else by the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    pub status: Option<Status>,
    pub phase: Option<Phase>,
}

impl std::str::FromStr for Standing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Phase::of(text).filter(|phase| *phase != Phase::Outcome) {
            Some(phase) => Ok(Self { phase: Some(phase), status: None }),
            None => match text.parse() {
                Ok(status) => Ok(Self { status: Some(status), phase: None }),
                Err(expected) => Err(format!("{expected}, denied, intent")),
            },
        }
    }
}

/// What a record says of a release; each is left out where it is not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Release {
    /// Service that it brings out.
    pub service: Option<String>,
    pub id: Option<Uuid>,
    /// Digest of its plan, as people approve it.
    pub plan_digest: Option<String>,
    pub approvals: Vec<String>,
}

/// What a caller wants recorded. Secrets by name are removed when it is appended; nothing else checks for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub action: Action,
    pub phase: Phase,
    pub status: Status,
    pub operator: Operator,
    pub env: Option<String>,
    pub run_id: Option<Uuid>,
    /// Event id of the intent that this is the outcome of.
    pub parent: Option<Uuid>,
    /// What it is about, where it is a release.
    pub release: Release,
    /// In a line: `service name=nginx state=restarted`, `deploy.yml`.
    pub subject: Option<String>,
    /// Hosts, where known.
    pub targets: Option<Vec<String>>,
    /// The exact command; only its digest is kept.
    pub argv: Vec<String>,
    /// Why it was done, or why it was refused.
    pub reason: Option<String>,
    /// Digest of what it changed, or would change.
    pub diff_digest: Option<String>,
    pub rc: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    pub error_class: Option<String>,
    /// Fencing token of the lease under which it was done.
    pub token: Option<i64>,
    /// Content of the run's journal, where this is its end.
    pub journal: Option<super::Sum>,
    /// Anything else.
    pub metadata: Map<String, Value>,
}

impl Record {
    pub fn intent(action: Action, operator: &Operator) -> Self {
        Self::new(action, Phase::Intent, Status::Started, operator)
    }

    pub fn outcome(action: Action, operator: &Operator, status: Status) -> Self {
        Self::new(action, Phase::Outcome, status, operator)
    }

    pub fn denied(action: Action, operator: &Operator, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(action, Phase::Denied, Status::Failure, operator) }
    }

    fn new(action: Action, phase: Phase, status: Status, operator: &Operator) -> Self {
        Self {
            action,
            phase,
            status,
            operator: operator.clone(),
            env: None,
            run_id: None,
            parent: None,
            release: Release::default(),
            diff_digest: None,
            subject: None,
            targets: None,
            argv: Vec::new(),
            reason: None,
            rc: None,
            duration_ms: None,
            error_class: None,
            token: None,
            journal: None,
            metadata: Map::new(),
        }
    }
}
