-- Uploaded pictures of dishes, by a digest of their content. The menu names those that are in use.

CREATE TABLE pictures (
    restaurant  BLOB NOT NULL REFERENCES restaurants (id),
    id          BLOB NOT NULL CHECK (length(id) = 16),
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    PRIMARY KEY (restaurant, id)
) STRICT, WITHOUT ROWID;

-- One row for each size; the row of a picture is in `pictures`. Not without rowid, since bodies are large.
CREATE TABLE picture_sizes (
    restaurant  BLOB NOT NULL,
    id          BLOB NOT NULL,
    width       INTEGER NOT NULL,
    body        BLOB NOT NULL,
    PRIMARY KEY (restaurant, id, width),
    FOREIGN KEY (restaurant, id) REFERENCES pictures (restaurant, id) ON DELETE CASCADE
) STRICT;
