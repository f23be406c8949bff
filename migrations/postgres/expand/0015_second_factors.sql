-- What a person proves beside a password, and how often their secrets were tried.

-- The secret of an authenticator app (RFC 6238). A code can only be checked with the secret itself, so it is not hashed.
CREATE TABLE second_factors (
    person       UUID   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    restaurant   UUID   NOT NULL REFERENCES restaurants (id),
    secret       BYTEA  NOT NULL CHECK (octet_length(secret) = 20),
    created_at   BIGINT NOT NULL,
    confirmed_at BIGINT,
    -- The step of the last code that was used. A code of that step, or of an earlier one, is not good again.
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- Only the SHA-256 of a code is kept; a code that is used goes.
CREATE TABLE recovery_codes (
    person     UUID  NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       BYTEA NOT NULL CHECK (octet_length(hash) = 32),
    restaurant UUID  NOT NULL REFERENCES restaurants (id),
    PRIMARY KEY (person, hash)
);

CREATE TABLE secret_tries (
    person     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT   NOT NULL,
    restaurant UUID   NOT NULL REFERENCES restaurants (id),
    since      BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    PRIMARY KEY (person, kind)
);

CREATE INDEX second_factors_of_restaurant ON second_factors (restaurant, person);
