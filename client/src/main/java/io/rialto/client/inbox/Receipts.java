package io.rialto.client.inbox;

import io.rialto.protocol.sync.Step;

/** Takes what the person did with a message. */
interface Receipts {
    void add(String message, Step step);
}
