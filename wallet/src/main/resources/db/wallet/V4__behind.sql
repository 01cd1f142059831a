-- What is written for users who are read-only as well: a login counts failed tries, and keys of many users are forgotten at once.
SELECT rialto.owned_by_user(name, 'uid', NULL) FROM unnest(ARRAY['login', 'idempotency']::regclass[]) name;
