-- control.db: what people decided, and leases with their tokens. Never derived from anything else.

-- Who works on which hosts. Tokens only grow.
CREATE TABLE leases (
    token INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, hosts TEXT,
    taken_at INTEGER NOT NULL) STRICT;
-- Numbers of runs, for people.
CREATE TABLE numbers (number INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE) STRICT;
-- The newest row of the ledger when a run was last launched: a ledger whose tail was cut does not have it.
CREATE TABLE witness (seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
-- Stopped lines.
CREATE TABLE lines (
    environment TEXT PRIMARY KEY, reason TEXT NOT NULL, operator TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE TABLE silences (
    environment TEXT NOT NULL, target TEXT NOT NULL, until INTEGER NOT NULL, operator TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (environment, target)) STRICT;
-- Circuit breakers, with what people forced.
CREATE TABLE breakers (key TEXT PRIMARY KEY, environment TEXT, body TEXT NOT NULL) STRICT;
-- Auto-recovery: actions that were counted, incidents, what people switched.
CREATE TABLE recovery_tokens (
    run TEXT NOT NULL, number INTEGER NOT NULL, environment TEXT NOT NULL, service TEXT NOT NULL,
    host TEXT NOT NULL, action TEXT NOT NULL, at INTEGER NOT NULL, helped INTEGER, PRIMARY KEY (run, number)) STRICT;
CREATE INDEX recovery_tokens_at ON recovery_tokens (at);
CREATE TABLE recovery_incidents (
    environment TEXT NOT NULL, policy TEXT NOT NULL, host TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (environment, policy, host)) STRICT;
CREATE TABLE recovery_switches (
    environment TEXT NOT NULL, policy TEXT NOT NULL, "on" INTEGER NOT NULL, operator TEXT NOT NULL,
    reason TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (environment, policy)) STRICT;
-- Notices until they were delivered, and what receivers were told that still holds.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, receiver TEXT NOT NULL, key TEXT NOT NULL,
    about TEXT NOT NULL, body TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, why TEXT,
    created_at INTEGER NOT NULL, next_at INTEGER NOT NULL, UNIQUE (scope, receiver, key)) STRICT;
CREATE INDEX outbox_pending ON outbox (scope, receiver, id) WHERE state = 'pending';
CREATE TABLE firing (
    scope TEXT NOT NULL, receiver TEXT NOT NULL, about TEXT NOT NULL, body TEXT NOT NULL, told_at INTEGER NOT NULL,
    PRIMARY KEY (scope, receiver, about)) STRICT;
CREATE TABLE said (
    scope TEXT NOT NULL, about TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (scope, about)) STRICT;
-- By which clock its moments were written: that boot, and how far the wall clock was ahead of it.
CREATE TABLE clock (boot TEXT NOT NULL, ahead INTEGER NOT NULL) STRICT;
CREATE TABLE cursors (scope TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
-- Alerts from an Alertmanager: one row an alert, however often it is told.
CREATE TABLE alerts (
    fingerprint TEXT NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER, labels TEXT NOT NULL,
    annotations TEXT NOT NULL, told_at INTEGER NOT NULL, PRIMARY KEY (fingerprint, starts_at)) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_firing ON alerts (starts_at) WHERE ends_at IS NULL;
