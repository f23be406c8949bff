-- People on shared devices.

-- The role of a paired device's sessions: `kitchen`, or `staff` for a device that shows the floor. Older nodes pair only kitchens.
ALTER TABLE devices ADD COLUMN role TEXT NOT NULL DEFAULT 'kitchen';

-- A person's PIN, as Argon2id. `wrong` counts tries since the last right one.
CREATE TABLE pins (
    person     BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    hash       TEXT    NOT NULL,
    set_at     INTEGER NOT NULL,
    wrong      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX pins_of_restaurant ON pins (restaurant, person);

-- The shifts of people on the session of a shared device. The device makes the ids.
CREATE TABLE shifts (
    session    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id         BLOB    NOT NULL CHECK (length(id) = 16),
    restaurant BLOB    NOT NULL REFERENCES restaurants (id),
    person     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    pin        BLOB    NOT NULL CHECK (length(pin) = 16),
    begun_at   INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (session, id)
) STRICT;

CREATE INDEX shifts_of_person ON shifts (person);
