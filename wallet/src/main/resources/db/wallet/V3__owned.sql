-- Whose a row is, for users that get a shard of their own.

ALTER TABLE outbox ADD COLUMN payer text;
UPDATE outbox o SET payer = t.payer FROM transfer t WHERE t.shard = o.shard AND t.id = o.transfer;
ALTER TABLE outbox ALTER COLUMN payer SET NOT NULL;

SELECT rialto.owned_by_user(name, 'uid')
FROM unnest(ARRAY['account', 'login', 'payment_code', 'entry', 'idempotency']::regclass[]) name;
SELECT rialto.owned_by_user(name, 'payer') FROM unnest(ARRAY['transfer', 'outbox']::regclass[]) name;
SELECT rialto.owned_by_user('arrival', 'payee');
-- Rows without an order belong to nobody, and are published from where they are.
SELECT rialto.owned_by_user('message_outbox', 'ordered_by');
