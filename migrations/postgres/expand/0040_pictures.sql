-- Uploaded pictures of dishes, by a digest of their content. The menu names those that are in use.

CREATE TABLE pictures (
    restaurant  UUID NOT NULL REFERENCES restaurants (id),
    id          UUID NOT NULL,
    width       BIGINT NOT NULL,
    height      BIGINT NOT NULL,
    uploaded_at BIGINT NOT NULL,
    PRIMARY KEY (restaurant, id)
);

-- One row for each size; the row of a picture is in `pictures`.
CREATE TABLE picture_sizes (
    restaurant  UUID NOT NULL,
    id          UUID NOT NULL,
    width       BIGINT NOT NULL,
    body        BYTEA NOT NULL,
    PRIMARY KEY (restaurant, id, width),
    FOREIGN KEY (restaurant, id) REFERENCES pictures (restaurant, id) ON DELETE CASCADE
);
