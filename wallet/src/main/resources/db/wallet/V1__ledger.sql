-- The wallet in one cell. Every row of a user carries the user's shard, so that a shard moves by it alone; the handles
-- of the global cell carry -1. Writers ask rialto.fence(shard, epoch) first.

CREATE TABLE handle (
    shard      int         NOT NULL CHECK (shard = -1),
    handle     text        PRIMARY KEY,
    uid        text        NOT NULL UNIQUE,
    device     text        NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX handle_device ON handle (device);

CREATE TABLE account (
    shard     int         NOT NULL,
    uid       text        NOT NULL,
    currency  text        NOT NULL,
    balance   bigint      NOT NULL CHECK (balance >= 0),
    sequence  bigint      NOT NULL,                          -- of its newest entry
    opened_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, uid)
);
CREATE INDEX account_uid ON account (uid);

CREATE TABLE login (
    shard        int    NOT NULL,
    uid          text   NOT NULL,
    pin_hash     text   NOT NULL,
    failures     int    NOT NULL DEFAULT 0,
    locked_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (shard, uid)
);

CREATE TABLE payment_code (
    shard        int    NOT NULL,
    uid          text   NOT NULL,
    secret       bytea  NOT NULL,
    uses         bigint NOT NULL DEFAULT 0,                  -- codes redeemed so far; part of the next code
    failures     int    NOT NULL DEFAULT 0,
    locked_until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (shard, uid)
);

-- The ledger. One row is a double entry: it adds `amount` to the user's account and takes it from the inner account
-- `against` of the same shard ('granted': what the wallet gave at opening; 'transit': what is between two users). So
-- the books of every shard sum to zero by construction, and those of all shards together have nothing in transit once
-- every debit has met its credit or its refund.
CREATE TABLE entry (
    shard     int         NOT NULL,
    uid       text        NOT NULL,
    sequence  bigint      NOT NULL CHECK (sequence > 0),
    transfer  uuid        NOT NULL,
    leg       text        NOT NULL CHECK (leg IN ('opening', 'debit', 'credit', 'refund')),
    against   text        NOT NULL CHECK (against IN ('granted', 'transit')),
    other_uid text        NOT NULL,
    amount    bigint      NOT NULL CHECK (amount <> 0),
    balance   bigint      NOT NULL CHECK (balance >= 0),     -- of the account, after it
    note      text        NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, uid, sequence),
    UNIQUE (shard, transfer, leg),
    CHECK ((leg = 'debit') = (amount < 0)),
    CHECK ((leg = 'opening') = (against = 'granted'))
);

-- The payer's side of each transfer.
CREATE TABLE transfer (
    shard    int         NOT NULL,
    id       uuid        NOT NULL,
    payer    text        NOT NULL,
    payee    text        NOT NULL,
    amount   bigint      NOT NULL CHECK (amount > 0),
    currency text        NOT NULL,
    note     text        NOT NULL,
    state    text        NOT NULL CHECK (state IN ('IN_TRANSIT', 'DONE', 'REFUNDED')),
    made_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, id)
);

-- Transfers that still have to be brought to the payee's cell.
CREATE TABLE outbox (
    shard    int         NOT NULL,
    transfer uuid        NOT NULL,
    attempts int         NOT NULL DEFAULT 0,
    due_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, transfer)
);
CREATE INDEX outbox_due ON outbox (due_at);

-- The payee's side: what became of each transfer that was brought here. A refusal is kept as well, because the payer
-- has been given the money back then: a late copy of the same delivery must meet the same answer.
CREATE TABLE arrival (
    shard      int         NOT NULL,
    transfer   uuid        NOT NULL,
    payee      text        NOT NULL,
    amount     bigint      NOT NULL,
    outcome    text        NOT NULL CHECK (outcome IN ('CREDITED', 'REFUSED')),
    reason     text        NOT NULL DEFAULT '',
    arrived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, transfer)
);

-- The first answer to each idempotency key.
CREATE TABLE idempotency (
    shard   int         NOT NULL,
    uid     text        NOT NULL,
    key     text        NOT NULL,
    request bytea       NOT NULL,                            -- SHA-256 of operation and message
    answer  bytea       NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (shard, uid, key)
);
CREATE INDEX idempotency_age ON idempotency (shard, made_at);
