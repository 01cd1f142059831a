-- The fence for a batch of many shards: the same lock, but a shard that is not open is left out and not an error, so that it
-- fails its own writes only. The epochs are the caller's to compare. In the order of shards, so that batches do not deadlock.
CREATE FUNCTION open_shards(shards int[]) RETURNS TABLE (shard int, epoch bigint)
    LANGUAGE sql
    VOLATILE
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT f.shard, f.epoch FROM rialto.fence f
    WHERE f.shard = ANY (open_shards.shards) AND f.state = 'OPEN' ORDER BY f.shard FOR SHARE
$$;
REVOKE ALL ON FUNCTION open_shards(int[]) FROM PUBLIC;
