-- What becomes of messages, to be told to backends. An event is written by the transaction that notes the step, so that
-- none is lost; it goes when it was told, or when it is too old.

-- Who wants what; written by the nodes from their configuration, each for itself: a node whose configuration is older
-- takes nothing away from the others.
CREATE TABLE webhook (
    topic text        NOT NULL,
    step  smallint    NOT NULL,
    id    text        NOT NULL,
    seen  timestamptz NOT NULL,
    PRIMARY KEY (topic, step, id)
);
COMMENT ON COLUMN webhook.seen IS 'when a node last had it in its configuration';

CREATE TABLE webhook_event (
    shard    int         NOT NULL,
    id       uuid        NOT NULL DEFAULT gen_random_uuid(),
    webhook  text        NOT NULL,
    uid      text        NOT NULL,
    topic    text        NOT NULL,
    everyone boolean     NOT NULL,
    first    bigint      NOT NULL,
    last     bigint      NOT NULL,
    device   text        NOT NULL,
    step     smallint    NOT NULL,
    at       timestamptz NOT NULL,
    reason   text        NOT NULL,
    attempt  timestamptz NOT NULL DEFAULT now(),
    tries    int         NOT NULL DEFAULT 0,
    PRIMARY KEY (id, shard)
);
CREATE INDEX webhook_event_attempt ON webhook_event (webhook, attempt);
COMMENT ON COLUMN webhook_event.attempt IS 'when it is told next; in the future while a node is at it';

CREATE FUNCTION receipts_to_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox.webhook_event (shard, webhook, uid, topic, everyone, first, last, device, step, at, reason)
    SELECT f.shard, w.id, f.uid, f.topic, f.everyone, f.first, f.last, f.device, f.step, f.at, f.reason
    FROM fresh f JOIN inbox.webhook w ON w.topic = f.topic AND w.step = f.step;
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks AFTER INSERT ON receipt REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION receipts_to_webhooks();

CREATE FUNCTION revocation_to_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox.webhook_event (shard, webhook, uid, topic, everyone, first, last, device, step, at, reason)
    SELECT NEW.shard, w.id, NEW.uid, NEW.topic, NEW.uid = '', NEW.revokes, NEW.revokes, '', w.step, NEW.stored, ''
    FROM inbox.webhook w WHERE w.topic = NEW.topic AND w.step = 9
        -- A cell's copy of a message to everyone is no event: the owner of the message has told it.
        AND EXISTS (SELECT FROM rialto.fence f WHERE f.shard = NEW.shard AND f.state = 'OPEN');
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks AFTER INSERT ON message FOR EACH ROW WHEN (NEW.revokes > 0)
    EXECUTE FUNCTION revocation_to_webhooks();
