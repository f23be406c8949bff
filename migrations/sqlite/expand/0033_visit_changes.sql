-- Changes of visits, which can be undone for a while.

CREATE TABLE visit_changes (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    visit       BLOB NOT NULL CHECK (length(visit) = 16),
    at          INTEGER NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX visit_changes_of_visit ON visit_changes (restaurant, visit, id);
