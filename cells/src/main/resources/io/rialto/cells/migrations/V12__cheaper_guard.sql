-- A trigger's condition is read and planned anew by each statement that writes to its table, however few rows it writes.
-- With the shard's number cast to text by itself there is no SQL function in it to be parsed each time. Whatever guarded a
-- table before is replaced.
CREATE OR REPLACE FUNCTION guard() RETURNS int
    LANGUAGE plpgsql
    SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
    former name;
    exempt text;
    unheld text;
    made int := 0;
BEGIN
    -- Of several instances that start at once, one makes the triggers; the others see them.
    PERFORM pg_advisory_xact_lock(21069, 0);
    FOR one IN
        SELECT c.* FROM rialto.carried c JOIN pg_class k ON k.oid = c.name
        WHERE NOT c.own AND pg_has_role(k.relowner, 'USAGE')
            AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.name AND t.tgname = 'rialto_held_delete')
        ORDER BY c.schema, c."table"
    LOOP
        FOR former IN SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgrelid = one.name AND p.pronamespace = 'rialto'::regnamespace AND p.proname = 'refuse_unfenced'
        LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', former, one.name);
        END LOOP;
        exempt := CASE WHEN one.global THEN '' ELSE '%1$s.shard <> -1 AND ' END;
        unheld := exempt
            || 'position('','' || %1$s.shard::text || '','' IN coalesce(current_setting(''rialto.held'', true), '''')) = 0';
        EXECUTE format('CREATE TRIGGER rialto_held_insert AFTER INSERT ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_held_update AFTER UPDATE ON %s FOR EACH ROW'
            ' WHEN (OLD.shard <> NEW.shard AND %s OR %s) EXECUTE FUNCTION rialto.refuse_unfenced()',
            one.name, format(unheld, 'OLD'), format(unheld, 'NEW'));
        EXECUTE format('CREATE TRIGGER rialto_held_delete AFTER DELETE ON %s FOR EACH ROW WHEN (%s)'
            ' EXECUTE FUNCTION rialto.refuse_unfenced()', one.name, format(unheld, 'OLD'));
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- As before, in one statement less: it reads what is open, marks it as held and writes to the log.
CREATE OR REPLACE FUNCTION open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
    LANGUAGE plpgsql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held int[];
    epochs bigint[];
    marks text;
    logged pg_lsn;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'transaction isolation: % (expected: read committed)', current_setting('transaction_isolation')
            USING ERRCODE = '25001';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(21068, s) FROM (SELECT s FROM unnest(shards) AS s ORDER BY s) AS in_order;
    SELECT array_agg(f.shard), array_agg(f.epoch), pg_logical_emit_message(true, 'rialto', ''),
        set_config('rialto.held', coalesce(current_setting('rialto.held', true), '')
            || coalesce(string_agg(',' || f.shard::text || ',', ''), ''), true)
    INTO held, epochs, logged, marks
    FROM rialto.fence f WHERE f.shard = ANY (open_shards.shards) AND f.state = 'OPEN';
    RETURN QUERY SELECT * FROM unnest(held, epochs);
END
$$;
