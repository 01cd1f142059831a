-- Whose a row is: where a single user gets a shard of their own, the rows of that user are the ones to be taken along.
CREATE TABLE owned (
    schema      name NOT NULL,
    "table"     name NOT NULL,
    user_column name NOT NULL,
    PRIMARY KEY (schema, "table")
);
COMMENT ON COLUMN owned.user_column IS 'whose a row is; rows that name nobody stay with the shard';

-- Called by migrations of backends, once for each table with a column shard.
CREATE FUNCTION owned_by_user(relation regclass, user_column name) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = relation AND pg_has_role(session_user, c.relowner, 'USAGE')) THEN
        RAISE EXCEPTION 'table %: is not that of % (expected: a declaration by its owner)', relation, session_user;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND NOT a.attisdropped
            AND a.attname = owned_by_user.user_column AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)) THEN
        RAISE EXCEPTION 'table %: has no column % (expected: one of type text that has the id of a user)',
            relation, user_column;
    END IF;
    INSERT INTO rialto.owned (schema, "table", user_column)
    SELECT n.nspname, c.relname, owned_by_user.user_column
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
    ON CONFLICT ON CONSTRAINT owned_pkey DO UPDATE SET user_column = excluded.user_column;
END
$$;
REVOKE ALL ON FUNCTION owned_by_user(regclass, name) FROM PUBLIC;
