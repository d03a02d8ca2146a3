-- One row: a number that grows with every change that may take a right away. Triggers count, so
-- that no program that writes here can forget to. They do so at the end of a transaction, after
-- all its other locks: two that change rights at once can't wait for each other.
CREATE TABLE revision (
    one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);

INSERT INTO revision (one, number) VALUES (1, 0);

CREATE FUNCTION count_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE revision SET number = number + 1;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER access_grant_changed AFTER INSERT OR UPDATE OR DELETE ON access_grant
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_revision();

CREATE CONSTRAINT TRIGGER session_removed AFTER DELETE ON session
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_revision();

CREATE CONSTRAINT TRIGGER account_changed
AFTER UPDATE OF password, disabled, administrator ON account
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_revision();

CREATE CONSTRAINT TRIGGER agent_changed AFTER UPDATE OF owner, revoked ON agent
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_revision();

CREATE CONSTRAINT TRIGGER printer_removed AFTER UPDATE OF removed ON printer
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION count_revision();
