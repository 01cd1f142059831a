package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.Step;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What delivery tells about messages and devices. Nothing depends on it, so what is too much is dropped and counted. */
final class Notes {
    private static final Logger LOG = LoggerFactory.getLogger(Notes.class);
    /** They gather as acknowledgements do. */
    private static final WorkQueue.Bounds BOUNDS = new WorkQueue.Bounds(1, 250, 50_000, true);

    private final DeliveryPorts ports;
    private final WorkQueue<StepNote> steps;
    private final WorkQueue<DeviceState> devices;

    Notes(DeliveryPorts ports) {
        this.ports = ports;
        this.steps = new WorkQueue<>(BOUNDS, guarded(ports.traces()::note), ports);
        this.devices = new WorkQueue<>(BOUNDS, guarded(ports.devices()::seen), ports);
    }

    private static <T> Consumer<List<T>> guarded(Consumer<List<T>> write) {
        return batch -> {
            try {
                write.accept(batch);
            } catch (InboxException e) {
                throw e;
            } catch (RuntimeException e) {
                LOG.error("{} notes were not kept", batch.size(), e);
            }
        };
    }

    void tick() {
        steps.tick();
        devices.tick();
    }

    /** A device has said what it is. */
    void seen(Device device, Hello hello, long version) {
        DeviceState state = new DeviceState(
                device.shard(),
                device.user(),
                device.id(),
                device.app(),
                version,
                hello.locale().isEmpty() ? device.locale() : hello.locale(),
                hello.platform(),
                hello.pushVendor(),
                hello.pushToken(),
                hello.timeZone(),
                ports.clock().instant());
        if (devices.add(state) != null) {
            ports.meters().dropped(1);
        }
    }

    /** A batch has gone to a device. */
    void sent(OpenStream to, Batch batch) {
        Topic topic = ports.topics().apply(batch.topic());
        if (batch.messages().isEmpty() || topic == null || !topic.receipts()) {
            return;
        }
        add(new StepNote(
                to.shard(),
                to.user(),
                to.device(),
                batch.topic(),
                batch.everyone(),
                batch.first(),
                batch.last(),
                Step.SENT,
                ports.clock().instant(),
                ports.node(),
                ""));
    }

    /** A device tells what the person did; what is not about its own messages is passed over. */
    void received(OpenStream from, List<Receipt> receipts) {
        for (Receipt receipt : receipts) {
            MessageId id = idOrNull(receipt.message());
            Topic topic = id == null ? null : ports.topics().apply(id.topic());
            if (id == null || topic == null || !topic.receipts() || !topic.app().equals(from.app())) {
                continue;
            }
            boolean own = id.user().isEmpty() || id.user().equals(from.user());
            if (own && (receipt.step() == Step.SHOWN || receipt.step() == Step.OPENED)) {
                add(note(from, id, receipt));
            }
        }
    }

    private static @Nullable MessageId idOrNull(String text) {
        try {
            return MessageId.parse(text);
        } catch (ProtocolException e) {
            return null;
        }
    }

    private StepNote note(OpenStream from, MessageId id, Receipt receipt) {
        long now = ports.clock().millis();
        // A device's clock may be anything; nothing was seen after now.
        Instant at = Instant.ofEpochMilli(receipt.atMillis() > 0 ? Math.min(now, receipt.atMillis()) : now);
        return new StepNote(
                from.shard(),
                from.user(),
                from.device(),
                id.topic(),
                id.user().isEmpty(),
                id.sequence(),
                id.sequence(),
                receipt.step(),
                at,
                ports.node(),
                "");
    }

    private void add(StepNote note) {
        if (steps.add(note) != null) {
            ports.meters().dropped(1);
        }
    }
}
