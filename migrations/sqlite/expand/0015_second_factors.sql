-- What a person proves beside a password, and how often their secrets were tried.

-- The secret of an authenticator app (RFC 6238). A code can only be checked with the secret itself, so it is not hashed.
CREATE TABLE second_factors (
    person       BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    restaurant   BLOB    NOT NULL REFERENCES restaurants (id),
    secret       BLOB    NOT NULL CHECK (length(secret) = 20),
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,
    -- The step of the last code that was used. A code of that step, or of an earlier one, is not good again.
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Only the SHA-256 of a code is kept; a code that is used goes.
CREATE TABLE recovery_codes (
    person     BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    restaurant BLOB NOT NULL REFERENCES restaurants (id),
    PRIMARY KEY (person, hash)
) STRICT;

CREATE TABLE secret_tries (
    person     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    since      INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    PRIMARY KEY (person, kind)
) STRICT;

CREATE INDEX second_factors_of_restaurant ON second_factors (restaurant, person);
