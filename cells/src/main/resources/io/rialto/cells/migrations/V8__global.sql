-- What the global data has come to: one row in the cell that owns it, and, as last part of each copy, in the others. It rises
-- with every transaction that writes global data, so a reader who finds version n here finds all that was written up to n.
CREATE TABLE global_version (
    shard   int    PRIMARY KEY CHECK (shard = -1),
    version bigint NOT NULL CHECK (version >= 0)
);

-- The tables that this database has a copy of; a table that came later is not in it until the copy is made anew.
CREATE TABLE global_copy (
    name text PRIMARY KEY
);

-- The last statement of a transaction that writes global data: gives it its version. The row is locked to the commit, so
-- versions are in the order of commits, and global writes commit one after the other. The generation of the unit is the
-- upper part: what a primary that was failed over gave to writes that nobody acknowledged is never given again.
CREATE FUNCTION next_global_version() RETURNS bigint
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    generation bigint;
    made bigint;
BEGIN
    IF position(',-1,' IN coalesce(current_setting('rialto.held', true), '')) = 0 THEN
        RAISE EXCEPTION 'a version of the global data outside its fence (expected: rialto.fence(-1, epoch) first)'
            USING ERRCODE = 'RL002';
    END IF;
    IF to_regclass('rialto.generation') IS NOT NULL THEN
        EXECUTE 'SELECT max(g.generation) FROM rialto.generation g' INTO generation;
    END IF;
    INSERT INTO rialto.global_version AS v (shard, version) VALUES (-1, coalesce(generation, 1) << 40)
        ON CONFLICT (shard) DO UPDATE SET version = greatest(v.version + 1, excluded.version)
        RETURNING v.version INTO made;
    RETURN made;
END
$$;
REVOKE ALL ON FUNCTION next_global_version() FROM PUBLIC;

-- The version of what this database has of the global data; null where it has no whole copy.
CREATE FUNCTION global_version() RETURNS bigint
    LANGUAGE plpgsql
    STABLE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM rialto.fence f WHERE f.shard = -1 AND f.state = 'OPEN') THEN
        RETURN coalesce((SELECT v.version FROM rialto.global_version v), 0);
    END IF;
    IF EXISTS (SELECT FROM rialto.carried c WHERE c.global AND NOT EXISTS (
            SELECT FROM rialto.global_copy g WHERE g.name = format('%I.%I', c.schema, c."table"))) THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT v.version FROM rialto.global_version v);
END
$$;
REVOKE ALL ON FUNCTION global_version() FROM PUBLIC;
