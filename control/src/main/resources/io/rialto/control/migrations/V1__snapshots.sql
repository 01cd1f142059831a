-- One row per snapshot, whole: what was in force when is never in doubt, and going back is a copy.
CREATE TABLE snapshot (
    version  bigint PRIMARY KEY CHECK (version > 0),
    issued   timestamptz NOT NULL,
    author   text NOT NULL,
    section  text NOT NULL,
    envelope bytea NOT NULL
);
COMMENT ON COLUMN snapshot.section IS 'the sections that this version changed, comma-separated';
COMMENT ON COLUMN snapshot.envelope IS 'the signed snapshot exactly as nodes get it';
