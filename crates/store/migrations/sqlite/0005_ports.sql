-- Every port ever given to a printer's origin, by its label. Rows are never deleted: browsers keep
-- what a page stored at a port, so a port never comes to mean another printer. The same in
-- PostgreSQL: ../postgres/0005_ports.sql.

CREATE TABLE port (
    port    INTEGER NOT NULL PRIMARY KEY,
    label   TEXT    NOT NULL REFERENCES label (label),
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX port_label ON port (label);
