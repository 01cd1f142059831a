-- As before, and: a marker of a generation that the copy never heard of is beyond, wherever in the log it is. That generation's log
-- may branch off before the end of what was copied, from a primary that the copy went on with a little longer, so places in
-- the two do not compare.
CREATE OR REPLACE FUNCTION beyond(uid text, markers text) RETURNS text
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one text;
    part text[];
BEGIN
    IF markers IS NULL OR length(markers) > 500 THEN
        RETURN NULL;
    END IF;
    FOREACH one IN ARRAY string_to_array(markers, ',') LOOP
        part := regexp_match(one, '^ *([^;,]{1,64});([0-9]{1,18});([0-9A-F]{1,8}/[0-9A-F]{1,8}) *$');
        IF part IS NOT NULL AND EXISTS (
            SELECT FROM rialto.takeover t
            WHERE t.unit = part[1] AND t.reconciled IS NULL
                AND (t.position <= part[3]::pg_lsn OR t.previous < part[2]::bigint)
                AND t.generation = (SELECT min(n.generation) FROM rialto.takeover n WHERE n.generation > part[2]::bigint)
                AND NOT EXISTS (SELECT FROM rialto.released r
                    WHERE r.uid = beyond.uid AND r.generation >= t.generation)
        ) THEN
            RETURN btrim(one);
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON COLUMN takeover.previous IS 'the newest generation whose log the copy had a part of';
