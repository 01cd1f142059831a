-- One row per generation of the unit, written by the first transaction of each primary. It is in the log that standbys
-- take, so the newest row that a server has says whose log it has.
CREATE TABLE generation (
    generation bigint      PRIMARY KEY CHECK (generation > 0),
    server     text        NOT NULL,
    fork       pg_lsn      NOT NULL,
    snapshot   pg_snapshot,
    since      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN generation.fork IS 'up to where this primary took the log of the one before';
COMMENT ON COLUMN generation.snapshot IS 'the transactions of the one before that it has';
INSERT INTO generation (generation, server, fork) VALUES (1, current_setting('cluster_name'), '0/0');
