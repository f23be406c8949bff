-- Where diners' phones take messages while their page is closed. An endpoint is a secret of its own: who knows it may send
-- there, if the message is signed with this server's key.

CREATE TABLE push_subscriptions (
    restaurant UUID             NOT NULL REFERENCES restaurants (id),
    diner      TEXT             NOT NULL,
    endpoint   TEXT COLLATE "C" NOT NULL,
    session    TEXT COLLATE "C" NOT NULL,
    p256dh     BYTEA            NOT NULL CHECK (octet_length(p256dh) = 65),
    auth       BYTEA            NOT NULL CHECK (octet_length(auth) = 16),
    language   TEXT             NOT NULL,
    created_at BIGINT           NOT NULL,
    expires_at BIGINT           NOT NULL,
    PRIMARY KEY (restaurant, diner, endpoint)
);

CREATE INDEX push_subscriptions_of_endpoint ON push_subscriptions (restaurant, endpoint);
CREATE INDEX push_subscriptions_of_session ON push_subscriptions (session);
CREATE INDEX push_subscriptions_by_age ON push_subscriptions (expires_at);
