-- Whose a row is, for users that get a shard of their own.
SELECT rialto.owned_by_user(name, 'uid')
FROM unnest(ARRAY['head', 'message', 'device', 'cursor', 'receipt', 'scheduled', 'webhook_event', 'wake']::regclass[]) name;
