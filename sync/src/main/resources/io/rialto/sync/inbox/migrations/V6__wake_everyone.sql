-- Devices that are woken for messages to everyone: one walk through all devices for each topic, which any node goes on with.

CREATE TABLE wake_everyone (
    topic    text        PRIMARY KEY,
    sequence bigint      NOT NULL,
    uid      text,
    device   text,
    paged    timestamptz NOT NULL
);
COMMENT ON COLUMN wake_everyone.sequence IS 'messages up to this are, or were, walked for';
COMMENT ON COLUMN wake_everyone.uid IS 'of the last device that was looked at, or null where the walk is over';
COMMENT ON COLUMN wake_everyone.paged IS 'when devices were looked at last, by whichever node';

ALTER TABLE wake ADD COLUMN everyone boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN wake.everyone IS 'whether a message to everyone is among what it is woken for next';

-- Messages whose end has come before anybody had them, of topics of which a webhook wants to hear that.
CREATE TABLE expiry_mark (
    topic text        PRIMARY KEY,
    mark  timestamptz NOT NULL
);
CREATE INDEX message_expires ON message ((topic || ''), expires) WHERE expires IS NOT NULL;
