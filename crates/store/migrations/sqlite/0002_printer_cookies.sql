-- Which cookies a printer has set in a visitor's session: their names and where they apply, never
-- their values. The same in PostgreSQL: ../postgres/0002_printer_cookies.sql.

CREATE TABLE printer_cookie (
    session BLOB    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    printer BLOB    NOT NULL REFERENCES printer (id),
    name    TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    hidden  INTEGER NOT NULL,
    PRIMARY KEY (session, printer, name)
) STRICT;
