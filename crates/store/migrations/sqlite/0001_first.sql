-- Ids are UUIDs (16 bytes), times are microseconds since 1970 UTC, flags are 0 or 1, secrets are
-- stored as their SHA-256. The same in PostgreSQL: ../postgres/0001_first.sql.

CREATE TABLE account (
    id            BLOB    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT,
    password      TEXT    NOT NULL,
    administrator INTEGER NOT NULL,
    disabled      INTEGER NOT NULL,
    created       INTEGER NOT NULL
) STRICT;

-- One row. `closed` is set when the first account is made and never taken back.
CREATE TABLE setup (
    one     INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    token   BLOB,
    expires INTEGER,
    closed  INTEGER NOT NULL
) STRICT;

INSERT INTO setup (one, closed) VALUES (1, FALSE);

CREATE TABLE session (
    id        BLOB    NOT NULL PRIMARY KEY,
    account   BLOB    NOT NULL REFERENCES account (id),
    token     BLOB    NOT NULL UNIQUE,
    device    TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;

CREATE INDEX session_account ON session (account);

CREATE TABLE agent (
    id        BLOB    NOT NULL PRIMARY KEY,
    owner     BLOB    REFERENCES account (id),
    name      TEXT    NOT NULL,
    key       BLOB    NOT NULL,
    version   TEXT,
    linked    INTEGER NOT NULL,
    last_seen INTEGER,
    revoked   INTEGER
) STRICT;

CREATE UNIQUE INDEX agent_live_key ON agent (key) WHERE revoked IS NULL;
CREATE INDEX agent_owner ON agent (owner);

-- Every label ever given to a printer's origin. Rows are never deleted: browsers keep what a
-- page stored under a label, so a label never comes to mean another printer.
CREATE TABLE label (
    label   TEXT    NOT NULL PRIMARY KEY,
    printer BLOB    NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE printer (
    id      BLOB    NOT NULL PRIMARY KEY,
    agent   BLOB    NOT NULL REFERENCES agent (id),
    name    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    label   TEXT    NOT NULL UNIQUE REFERENCES label (label),
    removed INTEGER
) STRICT;

CREATE INDEX printer_agent ON printer (agent);

CREATE TABLE origin_session (
    token   BLOB    NOT NULL PRIMARY KEY,
    session BLOB    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    printer BLOB    NOT NULL REFERENCES printer (id),
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX origin_session_parent ON origin_session (session, printer);

CREATE TABLE access_grant (
    id      BLOB    NOT NULL PRIMARY KEY,
    account BLOB    NOT NULL REFERENCES account (id),
    printer BLOB    REFERENCES printer (id),
    all_of  BLOB    REFERENCES account (id),
    level   TEXT    NOT NULL,
    ends    INTEGER,
    created INTEGER NOT NULL,
    CHECK ((printer IS NULL) <> (all_of IS NULL))
) STRICT;

CREATE INDEX access_grant_account ON access_grant (account);
CREATE INDEX access_grant_printer ON access_grant (printer);

CREATE TABLE link_offer (
    id          TEXT    NOT NULL PRIMARY KEY,
    owner       BLOB    NOT NULL REFERENCES account (id),
    code        BLOB    NOT NULL,
    expires     INTEGER NOT NULL,
    wrong_codes INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    agent_key   BLOB,
    agent_name  TEXT,
    choices     TEXT
) STRICT;

CREATE INDEX link_offer_owner ON link_offer (owner);
