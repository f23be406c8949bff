-- People on shared devices.

-- The role of a paired device's sessions: `kitchen`, or `staff` for a device that shows the floor. Older nodes pair only kitchens.
ALTER TABLE devices ADD COLUMN role TEXT NOT NULL DEFAULT 'kitchen';

-- A person's PIN, as Argon2id. `wrong` counts tries since the last right one.
CREATE TABLE pins (
    person     UUID    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    restaurant UUID    NOT NULL REFERENCES restaurants (id),
    id         UUID    NOT NULL,
    hash       TEXT    NOT NULL,
    set_at     BIGINT  NOT NULL,
    wrong      BIGINT  NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX pins_of_restaurant ON pins (restaurant, person);

-- The shifts of people on the session of a shared device. The device makes the ids.
CREATE TABLE shifts (
    session    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id         UUID    NOT NULL,
    restaurant UUID    NOT NULL REFERENCES restaurants (id),
    person     UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    pin        UUID    NOT NULL,
    begun_at   BIGINT  NOT NULL,
    until      BIGINT  NOT NULL,
    PRIMARY KEY (session, id)
);

CREATE INDEX shifts_of_person ON shifts (person);
