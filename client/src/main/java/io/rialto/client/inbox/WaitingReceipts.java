package io.rialto.client.inbox;

import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Receipt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Receipts that wait for a stream. Where too many do the oldest are left out, since they tell and do not decide. */
final class WaitingReceipts {
    private static final int MAX = 512;

    private final Deque<Receipt> waiting = new ArrayDeque<>();

    synchronized void add(Receipt receipt) {
        if (waiting.size() == MAX) {
            waiting.poll();
        }
        waiting.add(receipt);
    }

    /** As many as one frame holds. */
    synchronized List<Receipt> take() {
        List<Receipt> some = new ArrayList<>();
        while (!waiting.isEmpty() && some.size() < DeviceFrame.MAX_RECEIPTS) {
            some.add(waiting.remove());
        }
        return some;
    }

    /** They could not be sent. */
    synchronized void putBack(List<Receipt> some) {
        for (int i = some.size() - 1; i >= 0 && waiting.size() < MAX; i--) {
            waiting.addFirst(some.get(i));
        }
    }
}
