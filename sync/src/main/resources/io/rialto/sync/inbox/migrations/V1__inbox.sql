-- Inboxes of the users of one cell, and the messages to everyone. Every table carries the shard, and it is part of every
-- primary key: those are the replica identities, and a shard moves by a row filter on it. It comes last, since readers
-- know the user and a user is in one shard.
--
-- The user '' stands for everyone, with shard -1.

-- One row for each user and topic that ever had a message. Every publish updates it: half of each page is left free, so
-- that new versions of a row stay in its page and no index is touched.
CREATE TABLE head (
    shard int    NOT NULL,
    uid   text   NOT NULL,
    topic text   NOT NULL,
    id    bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0) CHECK (id <> 0),
    last  bigint NOT NULL CHECK (last >= 0),
    PRIMARY KEY (uid, topic, shard),
    CHECK ((uid = '') = (shard = -1))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON COLUMN head.id IS 'random: names this inbox in the sync keys of devices';
COMMENT ON COLUMN head.last IS 'highest sequence; all of 1 to this were given out';

CREATE TABLE message (
    shard        int         NOT NULL,
    uid          text        NOT NULL,
    topic        text        NOT NULL,
    sequence     bigint      NOT NULL CHECK (sequence > 0),
    key          text        NOT NULL,
    device       text,
    rule         text,
    content_type text        NOT NULL,
    payload      bytea       NOT NULL,
    accepted     timestamptz NOT NULL,
    stored       timestamptz NOT NULL,
    expires      timestamptz,
    min_version  bigint,
    max_version  bigint,
    urgent       boolean     NOT NULL,
    collapse     text,
    revokes      bigint      NOT NULL,
    revoked      timestamptz,
    PRIMARY KEY (uid, topic, sequence, shard),
    CHECK ((min_version IS NULL) = (max_version IS NULL))
);
-- Payloads are small, or compressed by whoever made them.
ALTER TABLE message ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX message_key ON message (uid, topic, key);
CREATE INDEX message_collapse ON message (uid, topic, collapse, sequence) WHERE collapse IS NOT NULL;
-- Of an expression, so that no plan made while the table was empty takes it for finding a user's messages of a topic.
CREATE INDEX message_age ON message ((topic || ''), stored);
COMMENT ON COLUMN message.key IS 'the publisher''s idempotency id';
COMMENT ON COLUMN message.device IS 'the only device that should get it, or null';
COMMENT ON COLUMN message.rule IS 'who should get a message to everyone, JSON, or null';
COMMENT ON COLUMN message.min_version IS 'of the app; null for all';
COMMENT ON COLUMN message.revokes IS 'the sequence of the message that this one takes back, or 0';

CREATE TABLE device (
    shard       int         NOT NULL,
    uid         text        NOT NULL,
    device      text        NOT NULL,
    app         text        NOT NULL,
    version     bigint      NOT NULL,
    locale      text        NOT NULL,
    platform    text        NOT NULL,
    push_vendor text        NOT NULL,
    push_token  text        NOT NULL,
    time_zone   text        NOT NULL,
    seen        timestamptz NOT NULL,
    PRIMARY KEY (uid, device, shard)
) WITH (fillfactor = 70);
-- A hash, since a token may be longer than an entry of a tree.
CREATE INDEX device_token ON device USING hash (push_token) WHERE push_token <> '';

-- How far a device has acknowledged.
CREATE TABLE cursor (
    shard    int         NOT NULL,
    uid      text        NOT NULL,
    device   text        NOT NULL,
    topic    text        NOT NULL,
    everyone boolean     NOT NULL,
    sequence bigint      NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (uid, device, topic, everyone, shard)
) WITH (fillfactor = 50);

-- A step that the messages first to last took, so that what a device acknowledges at once is one row.
CREATE TABLE receipt (
    shard    int         NOT NULL,
    uid      text        NOT NULL,
    topic    text        NOT NULL,
    everyone boolean     NOT NULL,
    first    bigint      NOT NULL,
    last     bigint      NOT NULL CHECK (last >= first),
    device   text        NOT NULL,
    step     smallint    NOT NULL,
    at       timestamptz NOT NULL,
    node     text        NOT NULL,
    reason   text        NOT NULL,
    PRIMARY KEY (uid, topic, everyone, last, device, step, shard)
);
CREATE INDEX receipt_age ON receipt ((topic || ''), at);
