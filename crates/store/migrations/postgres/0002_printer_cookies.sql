-- Which cookies a printer has set in a visitor's session: their names and where they apply, never
-- their values. The same in SQLite: ../sqlite/0002_printer_cookies.sql.

CREATE TABLE printer_cookie (
    session UUID    NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    printer UUID    NOT NULL REFERENCES printer (id),
    name    TEXT    NOT NULL,
    path    TEXT    NOT NULL,
    hidden  BOOLEAN NOT NULL,
    PRIMARY KEY (session, printer, name)
);
