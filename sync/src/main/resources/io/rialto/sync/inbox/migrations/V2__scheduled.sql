-- Messages whose time comes later, in the cell of their user; moved with the shard as all else is.
CREATE TABLE scheduled (
    shard        int         NOT NULL,
    uid          text        NOT NULL,
    topic        text        NOT NULL,
    number       bigint      NOT NULL,
    key          text        NOT NULL,
    due          timestamptz NOT NULL,
    attempt      timestamptz NOT NULL,
    repeat       text        NOT NULL,
    lifetime_ms  bigint,
    device       text,
    rule         text,
    content_type text        NOT NULL,
    payload      bytea       NOT NULL,
    min_version  bigint      NOT NULL,
    max_version  bigint      NOT NULL,
    urgent       boolean     NOT NULL,
    collapse     text        NOT NULL,
    cancelled    timestamptz,
    PRIMARY KEY (uid, topic, number, shard)
);
CREATE UNIQUE INDEX scheduled_key ON scheduled (uid, topic, key);
CREATE INDEX scheduled_attempt ON scheduled (attempt) WHERE cancelled IS NULL;
CREATE INDEX scheduled_cancelled ON scheduled (cancelled) WHERE cancelled IS NOT NULL;
COMMENT ON COLUMN scheduled.number IS 'hash of the key: names the message to whoever cancels it';
COMMENT ON COLUMN scheduled.due IS 'time of the next occurrence, of which its key is made';
COMMENT ON COLUMN scheduled.attempt IS 'when it is tried next';
COMMENT ON COLUMN scheduled.repeat IS 'five cron fields and a time zone, or empty for once';
