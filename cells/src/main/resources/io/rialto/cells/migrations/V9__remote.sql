-- What is left to do after a remote copy, which nobody waits for, took over from a city that is lost: users who were told of
-- writes that it lacks are *behind*, and read-only until an operator has put right what is missing. Who they are is known
-- to their devices, which bring a marker, `<unit>;<generation>;<place in the log>`, of the newest write that they were told of.
-- A list of them, of several units, is joined by commas.
--
-- Whoever takes over writes, in the new primary's first transaction: its row of rialto.takeover, and SELECT rialto.hold_behind().
-- Whoever reconciles: INSERT INTO rialto.behind for users that are found in the lost city's data, SELECT rialto.release(uid)
-- for each whose data was put right, and SELECT rialto.release_all() when nothing more is looked for. Until then the take-over
-- is open: markers find users behind, and no shard leaves, since markers say nothing to another unit.

-- Whose log this is: markers of other units are none of this database's business.
CREATE TABLE unit (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    name text    NOT NULL
);

CREATE TABLE takeover (
    generation bigint      PRIMARY KEY,
    previous   bigint      NOT NULL,
    unit       text        NOT NULL,
    position   pg_lsn      NOT NULL,
    declared   timestamptz NOT NULL DEFAULT now(),
    reason     text        NOT NULL,
    reconciled timestamptz,
    CHECK (previous < generation)
);
COMMENT ON COLUMN takeover.position IS 'the end of what had been replayed of the log of the generations before';
COMMENT ON COLUMN takeover.reconciled IS 'since when nobody is looked for any more; null while it is open';

CREATE TABLE behind (
    uid    text        PRIMARY KEY,
    marker text        NOT NULL,
    seen   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN behind.marker IS 'what showed it: a marker, or whatever whoever found it says';

-- A user's devices go on bringing the marker by which the user was found.
CREATE TABLE released (
    uid        text   PRIMARY KEY,
    generation bigint NOT NULL
);
COMMENT ON COLUMN released.generation IS 'up to which take-over all was put right';

-- Which of the markers lies beyond what was taken over; null where none does, or where it is not a marker. The place in a
-- marker was read after the commit, so it is at or behind the end of the commit's record: where the record is not in what was
-- taken over, its end is behind that, and so is the marker. None is missed; a write of the last moment may be a false alarm.
-- Logs of generations between two take-overs are continuations of one another. What a marker is held against is the first
-- take-over after it: later ones go on from there.
CREATE FUNCTION beyond(uid text, markers text) RETURNS text
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
            WHERE t.unit = part[1] AND t.reconciled IS NULL AND t.position <= part[3]::pg_lsn
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
REVOKE ALL ON FUNCTION beyond(text, text) FROM PUBLIC;

-- Notes that a user is behind where the markers show it, and says whether the user is. Backends may execute it: it believes the
-- record of the take-over and not its caller. Call it behind the fence of the user's shard, which then stays.
CREATE FUNCTION find_behind(uid text, marker text) RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_by text;
BEGIN
    -- Before or after a release, not in the middle of it.
    PERFORM FROM rialto.takeover FOR SHARE;
    found_by := rialto.beyond(find_behind.uid, find_behind.marker);
    IF found_by IS NOT NULL THEN
        INSERT INTO rialto.behind (uid, marker) VALUES (find_behind.uid, found_by) ON CONFLICT DO NOTHING;
        RETURN true;
    END IF;
    RETURN EXISTS (SELECT FROM rialto.behind b WHERE b.uid = find_behind.uid);
END
$$;
REVOKE ALL ON FUNCTION find_behind(text, text) FROM PUBLIC;

-- The fence for a user who brings markers, by those and by what is known already.
CREATE FUNCTION fence(shard int, epoch bigint, uid text, markers text) RETURNS void
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rialto.fence(fence.shard, fence.epoch);
    IF EXISTS (SELECT FROM rialto.takeover)
        AND (EXISTS (SELECT FROM rialto.behind b WHERE b.uid = fence.uid)
            OR rialto.beyond(fence.uid, fence.markers) IS NOT NULL) THEN
        RAISE EXCEPTION 'user %: is read-only (expected: a user whose writes all came with the take-over, or were put right)',
            fence.uid USING ERRCODE = 'RL003';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION fence(int, bigint, text, text) FROM PUBLIC;

-- The marker of all that was committed here until now; null where no other server could ever take over. To be read after the
-- commit that it is to be a marker of, in whatever transaction.
CREATE FUNCTION written() RETURNS text
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_regclass('rialto.generation') IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (SELECT u.name || ';' || (SELECT max(g.generation) FROM rialto.generation g) || ';' || pg_current_wal_insert_lsn()
        FROM rialto.unit u);
END
$$;
REVOKE ALL ON FUNCTION written() FROM PUBLIC;

-- For an edge, which is believed: a device knows messages of its user that this database has not. Says whether the user is behind.
CREATE FUNCTION note_behind(uid text, marker text) RETURNS boolean
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM rialto.takeover FOR SHARE;
    INSERT INTO rialto.behind (uid, marker) SELECT note_behind.uid, note_behind.marker
    WHERE EXISTS (
        SELECT FROM rialto.takeover t WHERE t.reconciled IS NULL
            AND NOT EXISTS (SELECT FROM rialto.released r WHERE r.uid = note_behind.uid AND r.generation >= t.generation))
    ON CONFLICT DO NOTHING;
    RETURN EXISTS (SELECT FROM rialto.behind b WHERE b.uid = note_behind.uid);
END
$$;
REVOKE ALL ON FUNCTION note_behind(text, text) FROM PUBLIC;

-- What a take-over puts before the writes of a table. As a rule, what refuses them for users behind; a table that knows better
-- has a function of its own, which stays for good, or none.
ALTER TABLE owned ADD COLUMN held_by text DEFAULT 'rialto.refuse_behind';

CREATE FUNCTION refuse_behind() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    before text;
    after text;
    refused text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO before USING OLD;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) INTO after USING NEW;
    END IF;
    SELECT b.uid INTO refused FROM rialto.behind b WHERE b.uid IN (before, after) LIMIT 1;
    IF refused IS NOT NULL THEN
        RAISE EXCEPTION 'table %.%: a write for user %, who is read-only (expected: rialto.release(uid) by an operator first)',
            TG_TABLE_SCHEMA, TG_TABLE_NAME, refused USING ERRCODE = 'RL003';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- Has PostgreSQL refuse writes for users behind from now on, at all tables that say whose their rows are.
CREATE FUNCTION hold_behind() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT c.oid::regclass AS name, o.user_column, o.held_by::regproc AS function
        FROM rialto.owned o JOIN pg_namespace n ON n.nspname = o.schema
        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = o."table" AND c.relkind = 'r'
        WHERE o.held_by IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'rialto_behind')
        ORDER BY o.schema, o."table"
    LOOP
        EXECUTE format('CREATE TRIGGER rialto_behind BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
            ' EXECUTE FUNCTION %s(%L)', one.name, one.function, one.user_column);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION hold_behind() FROM PUBLIC;

-- Takes that back where nobody is behind and nobody is looked for.
CREATE FUNCTION release_behind() RETURNS void
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    one record;
BEGIN
    IF EXISTS (SELECT FROM rialto.behind) OR EXISTS (SELECT FROM rialto.takeover t WHERE t.reconciled IS NULL) THEN
        RETURN;
    END IF;
    FOR one IN
        SELECT t.tgrelid::regclass AS name FROM pg_trigger t
        WHERE t.tgname = 'rialto_behind' AND t.tgfoid = 'rialto.refuse_behind()'::regprocedure ORDER BY 1
    LOOP
        EXECUTE format('DROP TRIGGER rialto_behind ON %s', one.name);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION release_behind() FROM PUBLIC;

-- Lets a user write again; says whether the user was behind.
CREATE FUNCTION release(uid text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    was boolean;
BEGIN
    PERFORM FROM rialto.takeover FOR UPDATE;
    INSERT INTO rialto.released AS r (uid, generation)
    SELECT release.uid, max(t.generation) FROM rialto.takeover t HAVING count(*) > 0
    ON CONFLICT ON CONSTRAINT released_pkey DO UPDATE SET generation = excluded.generation;
    DELETE FROM rialto.behind b WHERE b.uid = release.uid;
    was := FOUND;
    PERFORM rialto.release_behind();
    RETURN was;
END
$$;
REVOKE ALL ON FUNCTION release(text) FROM PUBLIC;

-- Lets all users write again and ends the looking for more; gives how many were behind.
CREATE FUNCTION release_all() RETURNS int
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    were int;
BEGIN
    UPDATE rialto.takeover SET reconciled = now() WHERE reconciled IS NULL;
    DELETE FROM rialto.behind;
    GET DIAGNOSTICS were = ROW_COUNT;
    PERFORM rialto.release_behind();
    RETURN were;
END
$$;
REVOKE ALL ON FUNCTION release_all() FROM PUBLIC;

-- A move would leave behind who is behind, and what it could still be found by.
CREATE FUNCTION stay_until_reconciled() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM rialto.takeover t WHERE t.reconciled IS NULL) THEN
        RAISE EXCEPTION 'shard %: stays here while the take-over of its unit is not reconciled'
            ' (expected: `rialto cells reconcile` with --release-all first)', NEW.shard USING ERRCODE = 'RL003';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stay_until_reconciled BEFORE UPDATE ON fence FOR EACH ROW
    WHEN (OLD.state = 'OPEN' AND NEW.state <> 'OPEN') EXECUTE FUNCTION stay_until_reconciled();

-- As before; and a table may name the function, or null, that a take-over puts before its writes.
DROP FUNCTION owned_by_user(regclass, name);
CREATE FUNCTION owned_by_user(relation regclass, user_column name, held_by text DEFAULT 'rialto.refuse_behind')
    RETURNS void
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
    IF held_by IS NOT NULL AND held_by <> 'rialto.refuse_behind' AND NOT EXISTS (SELECT FROM pg_proc p
            WHERE p.oid = held_by::regproc AND pg_has_role(session_user, p.proowner, 'USAGE')) THEN
        RAISE EXCEPTION 'function %: is not that of % (expected: one of the owner of the table)', held_by, session_user;
    END IF;
    INSERT INTO rialto.owned (schema, "table", user_column, held_by)
    SELECT n.nspname, c.relname, owned_by_user.user_column, owned_by_user.held_by
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation
    ON CONFLICT ON CONSTRAINT owned_pkey DO UPDATE SET user_column = excluded.user_column, held_by = excluded.held_by;
    IF EXISTS (SELECT FROM rialto.takeover t WHERE t.reconciled IS NULL) THEN
        PERFORM rialto.hold_behind();
    END IF;
END
$$;
REVOKE ALL ON FUNCTION owned_by_user(regclass, name, text) FROM PUBLIC;
