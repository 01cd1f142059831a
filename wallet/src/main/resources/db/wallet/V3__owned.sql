-- Whose a row is, for users that get a shard of their own.

ALTER TABLE outbox ADD COLUMN payer text;
-- Not by an update, which is refused outside of the fence.
CREATE FUNCTION payer_of(shard int, transfer uuid) RETURNS text LANGUAGE sql AS $$
    SELECT t.payer FROM transfer t WHERE t.shard = payer_of.shard AND t.id = payer_of.transfer
$$;
ALTER TABLE outbox ALTER COLUMN payer TYPE text USING payer_of(shard, transfer);
DROP FUNCTION payer_of(int, uuid);
ALTER TABLE outbox ALTER COLUMN payer SET NOT NULL;

SELECT rialto.owned_by_user(name, 'uid')
FROM unnest(ARRAY['account', 'login', 'payment_code', 'entry', 'idempotency']::regclass[]) name;
SELECT rialto.owned_by_user(name, 'payer') FROM unnest(ARRAY['transfer', 'outbox']::regclass[]) name;
SELECT rialto.owned_by_user('arrival', 'payee');
-- Rows without an order belong to nobody, and are published from where they are.
SELECT rialto.owned_by_user('message_outbox', 'ordered_by');
