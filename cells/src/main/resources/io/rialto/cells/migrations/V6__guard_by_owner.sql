-- Whoever owns tables guards them as it starts, so that no backend forgets to: the function runs as its caller and takes
-- only what is the caller's own.
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
