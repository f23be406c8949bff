-- Changes of visits, which can be undone for a while.

CREATE TABLE visit_changes (
    restaurant  UUID NOT NULL REFERENCES restaurants (id),
    id          UUID NOT NULL,
    visit       UUID NOT NULL,
    at          BIGINT NOT NULL,
    document    TEXT NOT NULL,
    PRIMARY KEY (restaurant, id)
);

CREATE INDEX visit_changes_of_visit ON visit_changes (restaurant, visit, id);
