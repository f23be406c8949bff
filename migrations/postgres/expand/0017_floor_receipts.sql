-- What a page of the floor has drawn: up to which position, for all pages of the restaurant together.
CREATE TABLE floor_receipts (
    restaurant UUID    NOT NULL PRIMARY KEY REFERENCES restaurants (id),
    position   BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- The position of the event that raised the call; NULL for one that an older node wrote.
ALTER TABLE calls ADD COLUMN position BIGINT;
