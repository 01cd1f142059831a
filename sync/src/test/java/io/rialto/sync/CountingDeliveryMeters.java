package io.rialto.sync;

import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.Map;

/** Keeps what it is told. */
final class CountingDeliveryMeters implements DeliveryMeters {
    final Map<Reason, Integer> byes = new EnumMap<>(Reason.class);
    int opened;
    int batches;
    int messages;
    int beats;
    int acknowledged;
    int unanswered;
    int dropped;
    int hintsSent;
    int hintsReceived;
    int hintsLost;

    @Override
    public void opened() {
        opened++;
    }

    @Override
    public void bye(Reason reason) {
        byes.merge(reason, 1, Integer::sum);
    }

    @Override
    public void batch(int count, int bytes) {
        batches++;
        messages += count;
    }

    @Override
    public void beat() {
        beats++;
    }

    @Override
    public void acknowledged(int count, long delayMillis) {
        acknowledged += count;
    }

    @Override
    public void unanswered() {
        unanswered++;
    }

    @Override
    public void dropped(int notes) {
        dropped += notes;
    }

    @Override
    public void hintsSent(int hints) {
        hintsSent += hints;
    }

    @Override
    public void hintsReceived(int hints) {
        hintsReceived += hints;
    }

    @Override
    public void hintsLost(int hints) {
        hintsLost += hints;
    }
}
