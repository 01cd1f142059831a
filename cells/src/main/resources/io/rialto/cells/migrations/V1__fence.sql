-- One row per shard that this database has ever known. Who writes for a shard holds its row until commit; who closes the
-- shard takes the row for itself, and so waits for the writes in flight and stops those to come.
CREATE TABLE fence (
    shard int    PRIMARY KEY,
    epoch bigint NOT NULL CHECK (epoch > 0),
    state text   NOT NULL CHECK (state IN ('ABSENT', 'OPEN', 'CLOSED', 'REFUSED', 'RETIRED')),
    next  text
);
COMMENT ON COLUMN fence.next IS 'the cell that a closed shard moves to';

-- Every transaction that writes for a shard calls this first. FOR SHARE, since FOR KEY SHARE would not hold off a close.
-- The caller needs only to execute it: it runs as its owner, and finds its table whatever the caller's search path is.
CREATE FUNCTION fence(shard int, epoch bigint) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held record;
BEGIN
    SELECT f.epoch, f.state, f.next INTO held FROM rialto.fence f WHERE f.shard = fence.shard FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard %: unknown here (expected: OPEN at epoch %)', fence.shard, fence.epoch
            USING ERRCODE = 'RL001';
    ELSIF held.state <> 'OPEN' OR held.epoch <> fence.epoch THEN
        RAISE EXCEPTION 'shard %: % at epoch % (expected: OPEN at epoch %)',
            fence.shard, held.state, held.epoch, fence.epoch
            USING ERRCODE = 'RL001', DETAIL = coalesce('next=' || held.next, '');
    END IF;
END
$$;
REVOKE ALL ON FUNCTION fence(int, bigint) FROM PUBLIC;
