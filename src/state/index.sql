-- index.db: one row a run, so that lists need no journal, and the last values of health. All of it is derived.

-- whole: every run in runs/ has its row.
CREATE TABLE meta (whole INTEGER NOT NULL) STRICT;
INSERT INTO meta VALUES (0);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, number INTEGER, kind TEXT NOT NULL, title TEXT NOT NULL, environment TEXT,
    operator TEXT NOT NULL, cwd TEXT NOT NULL, state TEXT NOT NULL, failure TEXT, why TEXT, rc INTEGER,
    created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, hosts INTEGER NOT NULL, failed INTEGER NOT NULL,
    unreachable INTEGER NOT NULL, changed INTEGER NOT NULL, check_mode INTEGER NOT NULL, duration INTEGER,
    journal TEXT) STRICT;
CREATE INDEX runs_ended ON runs (ended_at);
CREATE INDEX runs_live ON runs (ended_at) WHERE ended_at IS NULL;
CREATE INDEX runs_environment ON runs (environment, id);
CREATE INDEX runs_title ON runs (title, environment, id);
CREATE INDEX runs_number ON runs (number);
-- The newest report of each probe, the last raw answers, who polls, and what is asked for.
CREATE TABLE health (
    scope TEXT NOT NULL, host TEXT NOT NULL, probe TEXT NOT NULL, written INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (scope, host, probe)) STRICT, WITHOUT ROWID;
CREATE TABLE health_raw (
    scope TEXT NOT NULL, host TEXT NOT NULL, probe TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (scope, host, probe, at)) STRICT, WITHOUT ROWID;
CREATE TABLE health_poller (
    scope TEXT PRIMARY KEY, holder TEXT NOT NULL, who TEXT NOT NULL, since INTEGER NOT NULL,
    until INTEGER NOT NULL) STRICT;
CREATE TABLE health_wanted (
    scope TEXT NOT NULL, reader TEXT NOT NULL, hosts TEXT, until INTEGER NOT NULL,
    PRIMARY KEY (scope, reader)) STRICT;
-- Who acts in an environment, and when that process last said so.
CREATE TABLE beats (scope TEXT PRIMARY KEY, who TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
