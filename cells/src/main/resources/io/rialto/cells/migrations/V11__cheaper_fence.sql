-- A batch has a dozen shards, and a lock of each row would be written to the log and change its page. The locks of the
-- lock manager are enough: whoever changes the row of an open shard takes the same one alone (the row is then read anew, so
-- a snapshot that is older than the lock must not be used). What is written to the log instead has the commit wait for the
-- standbys also where the batch finds that it has nothing to write.
CREATE OR REPLACE FUNCTION open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held int[];
    epochs bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'transaction isolation: % (expected: read committed)', current_setting('transaction_isolation')
            USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(21068, s) FROM (SELECT s FROM unnest(shards) AS s ORDER BY s) AS in_order;
    SELECT coalesce(array_agg(f.shard), '{}'), array_agg(f.epoch) INTO held, epochs
    FROM rialto.fence f WHERE f.shard = ANY (open_shards.shards) AND f.state = 'OPEN';
    PERFORM pg_logical_emit_message(true, 'rialto', ''),
        set_config('rialto.held',
            coalesce(current_setting('rialto.held', true), '') || ',' || array_to_string(held, ',,') || ',', true);
    RETURN QUERY SELECT * FROM unnest(held, epochs);
END
$$;

-- After the row instead of before it: PostgreSQL then need not lock the row for the trigger's sake, and what an insert with
-- ON CONFLICT turns into an update is looked at once. An update that leaves the shard as it is asks once as well.
CREATE OR REPLACE FUNCTION guard() RETURNS int
    LANGUAGE plpgsql
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
    exempt text;
    unheld text;
    made int := 0;
BEGIN
    -- Of several instances that start at once, one makes the triggers; the others see them.
    PERFORM pg_advisory_xact_lock(21069, 0);
    FOR one IN
        SELECT c.* FROM rialto.carried c JOIN pg_class k ON k.oid = c.name
        WHERE NOT c.own AND pg_has_role(k.relowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.name AND t.tgname = 'rialto_guard_delete')
        ORDER BY c.schema, c."table"
    LOOP
        exempt := CASE WHEN one.global THEN '' ELSE '%1$s.shard <> -1 AND ' END;
        unheld := exempt || 'position('','' || %1$s.shard || '','' IN coalesce(current_setting(''rialto.held'', true), '''')) = 0';
        EXECUTE format('CREATE TRIGGER rialto_guard_insert AFTER INSERT ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_guard_update AFTER UPDATE ON %s FOR EACH ROW'
            ' WHEN (OLD.shard <> NEW.shard AND %s OR %s) EXECUTE FUNCTION rialto.refuse_unfenced()',
            one.name, format(unheld, 'OLD'), format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_guard_delete AFTER DELETE ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'OLD'));
        EXECUTE format('DROP TRIGGER IF EXISTS rialto_fence_insert ON %s', one.name);
        EXECUTE format('DROP TRIGGER IF EXISTS rialto_fence_update ON %s', one.name);
        EXECUTE format('DROP TRIGGER IF EXISTS rialto_fence_delete ON %s', one.name);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- The refusal says where the shard goes and at which epoch it opens there, so that a call need not wait for the table.
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
            USING ERRCODE = 'RL001', DETAIL = coalesce('next=' || held.next || ';epoch=' || held.epoch, '');
    END IF;
    PERFORM set_config('rialto.held', coalesce(current_setting('rialto.held', true), '') || ',' || fence.shard || ',', true);
END
$$;
