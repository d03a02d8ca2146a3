-- Times are microseconds since 1970 UTC, secrets are stored as their SHA-256.
-- The same in SQLite: ../sqlite/0001_first.sql.

CREATE TABLE account (
    id            UUID    NOT NULL PRIMARY KEY,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT,
    password      TEXT    NOT NULL,
    administrator BOOLEAN NOT NULL,
    disabled      BOOLEAN NOT NULL,
    created       BIGINT  NOT NULL
);

-- One row. `closed` is set when the first account is made and never taken back.
CREATE TABLE setup (
    one     BIGINT  NOT NULL PRIMARY KEY CHECK (one = 1),
    token   BYTEA,
    expires BIGINT,
    closed  BOOLEAN NOT NULL
);

INSERT INTO setup (one, closed) VALUES (1, FALSE);

CREATE TABLE session (
    id        UUID    NOT NULL PRIMARY KEY,
    account   UUID    NOT NULL REFERENCES account (id),
    token     BYTEA   NOT NULL UNIQUE,
    device    TEXT    NOT NULL,
    address   TEXT    NOT NULL,
    created   BIGINT  NOT NULL,
    last_seen BIGINT  NOT NULL,
    expires   BIGINT  NOT NULL
);

CREATE INDEX session_account ON session (account);

CREATE TABLE agent (
    id        UUID    NOT NULL PRIMARY KEY,
    owner     UUID    REFERENCES account (id),
    name      TEXT    NOT NULL,
    key       BYTEA   NOT NULL,
    version   TEXT,
    linked    BIGINT  NOT NULL,
    last_seen BIGINT,
    revoked   BIGINT
);

CREATE UNIQUE INDEX agent_live_key ON agent (key) WHERE revoked IS NULL;
CREATE INDEX agent_owner ON agent (owner);

-- Every label ever given to a printer's origin. Rows are never deleted: browsers keep what a
-- page stored under a label, so a label never comes to mean another printer.
CREATE TABLE label (
    label   TEXT    NOT NULL PRIMARY KEY,
    printer UUID    NOT NULL,
    created BIGINT  NOT NULL
);

CREATE TABLE printer (
    id      UUID    NOT NULL PRIMARY KEY,
    agent   UUID    NOT NULL REFERENCES agent (id),
    name    TEXT    NOT NULL,
    kind    TEXT    NOT NULL,
    label   TEXT    NOT NULL UNIQUE REFERENCES label (label),
    removed BIGINT
);

CREATE INDEX printer_agent ON printer (agent);

CREATE TABLE origin_session (
    token   BYTEA   NOT NULL PRIMARY KEY,
    session UUID    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    printer UUID    NOT NULL REFERENCES printer (id),
    created BIGINT  NOT NULL
);

CREATE INDEX origin_session_parent ON origin_session (session, printer);

CREATE TABLE access_grant (
    id      UUID    NOT NULL PRIMARY KEY,
    account UUID    NOT NULL REFERENCES account (id),
    printer UUID    REFERENCES printer (id),
    all_of  UUID    REFERENCES account (id),
    level   TEXT    NOT NULL,
    ends    BIGINT,
    created BIGINT  NOT NULL,
    CHECK ((printer IS NULL) <> (all_of IS NULL))
);

CREATE INDEX access_grant_account ON access_grant (account);
CREATE INDEX access_grant_printer ON access_grant (printer);

CREATE TABLE link_offer (
    id          TEXT    NOT NULL PRIMARY KEY,
    owner       UUID    NOT NULL REFERENCES account (id),
    code        BYTEA   NOT NULL,
    expires     BIGINT  NOT NULL,
    wrong_codes BIGINT  NOT NULL,
    state       TEXT    NOT NULL,
    agent_key   BYTEA,
    agent_name  TEXT,
    choices     TEXT
);

CREATE INDEX link_offer_owner ON link_offer (owner);
