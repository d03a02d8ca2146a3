-- Every port ever given to a printer's origin, by its label. Rows are never deleted: browsers keep
-- what a page stored at a port, so a port never comes to mean another printer. The same in SQLite:
-- ../sqlite/0005_ports.sql.

CREATE TABLE port (
    port    BIGINT NOT NULL PRIMARY KEY,
    label   TEXT   NOT NULL REFERENCES label (label),
    created BIGINT NOT NULL
);

CREATE INDEX port_label ON port (label);
