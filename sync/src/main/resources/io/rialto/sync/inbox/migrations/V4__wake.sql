-- Devices that are woken by their vendor, since they have not acknowledged what there is.

CREATE TABLE wake (
    shard  int         NOT NULL,
    uid    text        NOT NULL,
    device text        NOT NULL,
    newest timestamptz NOT NULL,
    due    timestamptz,
    leased timestamptz,
    woken  timestamptz,
    tries  int         NOT NULL DEFAULT 0,
    PRIMARY KEY (uid, device, shard)
) WITH (fillfactor = 70);
CREATE INDEX wake_due ON wake (due) WHERE due IS NOT NULL;
CREATE INDEX wake_newest ON wake (newest) WHERE due IS NULL;
COMMENT ON COLUMN wake.newest IS 'when the newest message was stored for which the device was noted';
COMMENT ON COLUMN wake.due IS 'when it is looked at next, or null for when a message comes';
COMMENT ON COLUMN wake.leased IS 'until then a node is at it';
COMMENT ON COLUMN wake.woken IS 'what was stored until then was in the last wake-up';
COMMENT ON COLUMN wake.tries IS 'that failed, since the vendor took one last';

-- Until when messages were looked at; of this cell's own inbox, so that it does not move with a shard.
CREATE TABLE wake_mark (
    topic text        PRIMARY KEY,
    mark  timestamptz NOT NULL
);

CREATE INDEX message_urgent ON message (stored) WHERE urgent;
