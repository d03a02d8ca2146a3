-- One row: a number that grows with every change that may take a right away. Triggers count, so
-- that no program that writes here can forget to.
CREATE TABLE revision (
    one    INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;

INSERT INTO revision (one, number) VALUES (1, 0);

CREATE TRIGGER access_grant_added AFTER INSERT ON access_grant
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER access_grant_changed AFTER UPDATE ON access_grant
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER access_grant_removed AFTER DELETE ON access_grant
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER session_removed AFTER DELETE ON session
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER account_changed AFTER UPDATE OF password, disabled, administrator ON account
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER agent_changed AFTER UPDATE OF owner, revoked ON agent
BEGIN UPDATE revision SET number = number + 1; END;

CREATE TRIGGER printer_removed AFTER UPDATE OF removed ON printer
BEGIN UPDATE revision SET number = number + 1; END;
