-- Whether this transaction does not hold a shard. A function, as a trigger's condition is read and planned anew by each
-- statement, and the body of a function once for each session.
CREATE FUNCTION unheld(shard int) RETURNS boolean
    LANGUAGE plpgsql
    STABLE
    SECURITY INVOKER
AS $$
BEGIN
    RETURN (pg_catalog.strpos(pg_catalog.current_setting('rialto.held', true), ',' || shard::text || ',') > 0) IS NOT TRUE;
END
$$;

-- As before, with that function. Whatever guarded a table before is replaced.
CREATE OR REPLACE FUNCTION guard() RETURNS int
    LANGUAGE plpgsql
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
    former name;
    unheld text;
    made int := 0;
BEGIN
    -- Of several instances that start at once, one makes the triggers; the others see them.
    PERFORM pg_advisory_xact_lock(21069, 0);
    FOR one IN
        SELECT c.* FROM rialto.carried c JOIN pg_class k ON k.oid = c.name
        WHERE NOT c.own AND pg_has_role(k.relowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.name AND t.tgname = 'rialto_unheld_delete')
        ORDER BY c.schema, c."table"
    LOOP
        FOR former IN SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgrelid = one.name AND p.pronamespace = 'rialto'::regnamespace AND p.proname = 'refuse_unfenced'
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', former, one.name);
        END LOOP;
        unheld := CASE WHEN one.global THEN '' ELSE '%1$s.shard <> -1 AND ' END || 'rialto.unheld(%1$s.shard)';
        EXECUTE format('CREATE TRIGGER rialto_unheld_insert AFTER INSERT ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_unheld_update AFTER UPDATE ON %s FOR EACH ROW'
            ' WHEN (OLD.shard <> NEW.shard AND %s OR %s) EXECUTE FUNCTION rialto.refuse_unfenced()',
            one.name, format(unheld, 'OLD'), format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_unheld_delete AFTER DELETE ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'OLD'));
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- As before, with a statement less in it, and by the rights of its caller, who may read the fence: a function that changes
-- the role and the path for its run costs more than the reading.
CREATE OR REPLACE FUNCTION open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
    LANGUAGE plpgsql
    VOLATILE
    SECURITY INVOKER
AS $$
DECLARE
    held text := coalesce(current_setting('rialto.held', true), '');
    logged pg_lsn;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'transaction isolation: % (expected: read committed)', current_setting('transaction_isolation')
            USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(21068, s) FROM (SELECT s FROM unnest(shards) AS s ORDER BY s) AS in_order;
    FOR open_shards.shard, open_shards.epoch IN
        SELECT f.shard, f.epoch FROM rialto.fence f WHERE f.shard = ANY (open_shards.shards) AND f.state = 'OPEN'
    LOOP
        held := held || ',' || open_shards.shard::text || ',';
        RETURN NEXT;
    END LOOP;
    -- Assigned, as PERFORM would be a query each.
    held := set_config('rialto.held', held, true);
    logged := pg_logical_emit_message(true, 'rialto', '');
END
$$;
