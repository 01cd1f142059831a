-- Messages that still have to be published, as rialto's starter keeps them: written in the transaction that they tell of.
CREATE TABLE message_outbox (
    shard      int         NOT NULL,
    number     bigint      GENERATED ALWAYS AS IDENTITY,     -- rises for one user, whose rows are locked when it is given
    id         uuid        NOT NULL,
    ordered_by text        NOT NULL,                         -- the user; empty where no order is kept
    request    bytea       NOT NULL,
    attempts   int         NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, id)
);
CREATE INDEX message_outbox_due ON message_outbox (due_at);
CREATE INDEX message_outbox_order ON message_outbox (shard, ordered_by, number);
