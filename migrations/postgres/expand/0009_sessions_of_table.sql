-- Finds the guests who sit at a table, and in the restaurant.

CREATE INDEX sessions_of_table ON sessions (restaurant, table_label, id) WHERE role = 'diner';
CREATE INDEX sessions_of_guests ON sessions (restaurant, id) WHERE role = 'diner';

-- Refresh tokens of guests' sessions that the restaurant ended, so that a phone that comes back later hears why.
CREATE TABLE ended_refreshes (
    hash    BYTEA NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session TEXT  NOT NULL REFERENCES ended_sessions (session) ON DELETE CASCADE
);

CREATE INDEX ended_refreshes_of_session ON ended_refreshes (session);
