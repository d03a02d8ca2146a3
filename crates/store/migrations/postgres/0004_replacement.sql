-- An agent keeps its row, its printers and their grants when another machine takes its place.
-- The same in SQLite: ../sqlite/0004_replacement.sql.

-- The keys that an agent had before.
CREATE TABLE former_key (
    agent  UUID    NOT NULL REFERENCES agent (id),
    key    BYTEA   NOT NULL,
    linked BIGINT  NOT NULL,
    ended  BIGINT  NOT NULL
);

CREATE INDEX former_key_key ON former_key (key);
CREATE INDEX former_key_agent ON former_key (agent, ended);

-- The agent whose place the one that comes with this code takes.
ALTER TABLE link_offer ADD COLUMN replaces UUID REFERENCES agent (id);

-- By which id the agent knows the printer, and since when nobody has said that it is still there
-- behind the machine that took an agent's place.
ALTER TABLE printer ADD COLUMN at_agent UUID;
ALTER TABLE printer ADD COLUMN vacant BIGINT;
UPDATE printer SET at_agent = id;

-- When a second machine came last with the same key, and from where.
ALTER TABLE agent ADD COLUMN rival BIGINT;
ALTER TABLE agent ADD COLUMN rival_address TEXT;

-- The fingerprint of the hub's next key, once the agent has accepted it.
ALTER TABLE agent ADD COLUMN hub_key BYTEA;
