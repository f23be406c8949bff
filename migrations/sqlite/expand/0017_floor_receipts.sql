-- What a page of the floor has drawn: up to which position, for all pages of the restaurant together.
CREATE TABLE floor_receipts (
    restaurant BLOB    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    position   INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

-- The position of the event that raised the call; NULL for one that an older node wrote.
ALTER TABLE calls ADD COLUMN position INTEGER;
