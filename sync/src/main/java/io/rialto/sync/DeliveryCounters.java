package io.rialto.sync;

import io.rialto.node.Meters;
import io.rialto.protocol.Reason;
import java.util.EnumMap;
import java.util.Map;

/** Counts what delivery does in the meters of the process. */
public final class DeliveryCounters implements DeliveryMeters {
    /** From within a house to a phone that was away for a day, seconds. */
    private static final double[] DELAYS = {
        0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3_600, 86_400
    };

    private final Meters.Counter opened;
    private final Map<Reason, Meters.Counter> byes = new EnumMap<>(Reason.class);
    private final Meters.Counter batches;
    private final Meters.Counter messages;
    private final Meters.Counter bytes;
    private final Meters.Counter beats;
    private final Meters.Counter acknowledged;
    private final Meters.Histogram delay;
    private final Meters.Counter unanswered;
    private final Meters.Counter dropped;
    private final Meters.Counter hintsSent;
    private final Meters.Counter hintsReceived;
    private final Meters.Counter hintsLost;

    public DeliveryCounters(Meters meters) {
        opened = meters.counter("rialto_sync_openings_total", "Streams of devices that were taken up");
        Meters.Counters all = meters.counters("rialto_sync_byes_total", "Last words to devices, by reason", "reason");
        for (Reason reason : Reason.values()) {
            byes.put(reason, all.of(reason.wireName()));
        }
        batches = meters.counter("rialto_sync_batches_total", "Batches sent to devices");
        messages = meters.counter("rialto_sync_messages_sent_total", "Messages sent to devices");
        bytes = meters.counter("rialto_sync_batch_bytes_total", "Bytes of batches sent to devices");
        beats = meters.counter("rialto_sync_beats_total", "Beats sent to devices");
        acknowledged = meters.counter("rialto_sync_messages_acknowledged_total", "Messages that devices have applied");
        delay = meters.histograms(
                        "rialto_sync_delay_seconds", "From storing a message to a device's acknowledgement", DELAYS)
                .of();
        unanswered = meters.counter("rialto_sync_unanswered_total", "Queries that the database did not answer");
        dropped = meters.counter("rialto_sync_notes_dropped_total", "Notes for traces that were too many");
        hintsSent = meters.counter("rialto_sync_hints_sent_total", "Hints to other nodes");
        hintsReceived = meters.counter("rialto_sync_hints_received_total", "Hints of other nodes");
        hintsLost = meters.counter("rialto_sync_hints_lost_total", "Hints to other nodes that may not have arrived");
    }

    /** Shows how many streams are open. */
    public static void gauges(Meters meters, Delivery delivery) {
        meters.gauge("rialto_sync_streams", "Open streams of devices", delivery::streams);
    }

    @Override
    public void opened() {
        opened.increment();
    }

    @Override
    public void bye(Reason reason) {
        Meters.Counter counter = byes.get(reason);
        if (counter != null) {
            counter.increment();
        }
    }

    @Override
    public void batch(int count, int size) {
        batches.increment();
        messages.add(count);
        bytes.add(size);
    }

    @Override
    public void beat() {
        beats.increment();
    }

    @Override
    public void acknowledged(int count, long delayMillis) {
        acknowledged.add(count);
        delay.observe(delayMillis / 1e3);
    }

    @Override
    public void unanswered() {
        unanswered.increment();
    }

    @Override
    public void dropped(int notes) {
        dropped.add(notes);
    }

    @Override
    public void hintsSent(int hints) {
        hintsSent.add(hints);
    }

    @Override
    public void hintsReceived(int hints) {
        hintsReceived.add(hints);
    }

    @Override
    public void hintsLost(int hints) {
        hintsLost.add(hints);
    }
}
