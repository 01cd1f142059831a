-- What a planned move needs, and what keeps a forgotten fence from being forgotten silently.

-- Written by the close of a shard and published with its rows: a database that holds the token of an epoch holds everything
-- that was committed before that close.
CREATE TABLE token (
    shard int    NOT NULL,
    epoch bigint NOT NULL,
    PRIMARY KEY (shard, epoch)
);

-- The tables whose rows move: all that have a column named shard, in any schema but this one, and the tokens. A table
-- whose rows are all global, as a check on it says, stays where it is.
CREATE VIEW carried AS
SELECT c.oid::regclass AS name, n.nspname AS schema, c.relname AS "table",
    EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute k
            ON k.attrelid = c.oid AND k.attname = 'shard' AND k.attnum = ANY (i.indkey)
        WHERE i.indrelid = c.oid
            AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))
        OR c.relreplident = 'f' AS identified,
    EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated
        AND pg_get_constraintdef(k.oid) IN ('CHECK ((shard = ''-1''::integer))', 'CHECK ((shard = -1))')) AS global,
    n.nspname = 'rialto' AS own
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'shard' AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\_%'
    AND (n.nspname <> 'rialto' OR c.relname = 'token');
COMMENT ON COLUMN carried.identified IS 'whether the replica identity has the shard, without which a move would lose updates';

-- Who waits for a shard's row alone can wait forever: sharers that come later pass it by. Locks of the lock manager queue
-- fairly, so writers take one in share mode first, and a close takes it for itself before it takes the row. It is not what
-- the fence rests on: that is the row, which a transaction with an older snapshot cannot take after a close.
-- The marker says which shards the transaction holds, for the guard of tables; it goes with the transaction, or with the
-- savepoint that the lock goes with.
CREATE OR REPLACE FUNCTION fence(shard int, epoch bigint) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held record;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(21068, fence.shard);
    SELECT f.epoch, f.state, f.next INTO held FROM rialto.fence f WHERE f.shard = fence.shard FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'shard %: unknown here (expected: OPEN at epoch %)', fence.shard, fence.epoch
            USING ERRCODE = 'RL001';
    ELSIF held.state <> 'OPEN' OR held.epoch <> fence.epoch THEN
        RAISE EXCEPTION 'shard %: % at epoch % (expected: OPEN at epoch %)',
            fence.shard, held.state, held.epoch, fence.epoch
            USING ERRCODE = 'RL001', DETAIL = coalesce('next=' || held.next, '');
    END IF;
    PERFORM set_config('rialto.held', coalesce(current_setting('rialto.held', true), '') || ',' || fence.shard || ',', true);
END
$$;

CREATE OR REPLACE FUNCTION open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held record;
    marker text := coalesce(current_setting('rialto.held', true), '');
BEGIN
    -- Not for those that are elsewhere, or a batch would wait for moves that are none of its business.
    PERFORM pg_advisory_xact_lock_shared(21068, f.shard) FROM (
        SELECT o.shard FROM rialto.fence o WHERE o.shard = ANY (open_shards.shards) AND o.state = 'OPEN' ORDER BY o.shard
    ) AS f;
    FOR held IN
        SELECT f.shard, f.epoch FROM rialto.fence f
        WHERE f.shard = ANY (open_shards.shards) AND f.state = 'OPEN' ORDER BY f.shard FOR SHARE
    LOOP
        marker := marker || ',' || held.shard || ',';
        shard := held.shard;
        epoch := held.epoch;
        RETURN NEXT;
    END LOOP;
    PERFORM set_config('rialto.held', marker, true);
END
$$;

-- Raised by a write to a guarded table for a shard whose fence the transaction does not hold.
CREATE FUNCTION refuse_unfenced() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'table %.%: a write for shard % outside its fence (expected: rialto.fence(shard, epoch) first)',
        TG_TABLE_SCHEMA, TG_TABLE_NAME, CASE TG_OP WHEN 'DELETE' THEN OLD.shard ELSE NEW.shard END
        USING ERRCODE = 'RL002';
END
$$;

-- Guards every carried table that is not guarded yet; whoever makes tables calls it afterwards. Rows for everyone (shard
-- -1) are copies in most cells, which no fence is open for: they are guarded in tables of global rows only. What
-- replication applies passes, as ordinary triggers do not fire for it.
CREATE FUNCTION guard() RETURNS int
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
    exempt text;
    unheld text;
    made int := 0;
BEGIN
    FOR one IN
        SELECT c.* FROM rialto.carried c WHERE NOT c.own
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.name AND t.tgname = 'rialto_fence_delete')
        ORDER BY c.schema, c."table"
    LOOP
        exempt := CASE WHEN one.global THEN '' ELSE '%1$s.shard <> -1 AND ' END;
        unheld := exempt || 'position('','' || %1$s.shard || '','' IN coalesce(current_setting(''rialto.held'', true), '''')) = 0';
        EXECUTE format('CREATE TRIGGER rialto_fence_insert BEFORE INSERT ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_fence_update BEFORE UPDATE ON %s FOR EACH ROW WHEN (%s OR %s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'OLD'), format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_fence_delete BEFORE DELETE ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'OLD'));
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION guard() FROM PUBLIC;

-- The highest epoch that a cancelled move would have closed the shard at: a mover that has slept meanwhile closes nothing.
ALTER TABLE fence ADD COLUMN barred bigint NOT NULL DEFAULT 0;
