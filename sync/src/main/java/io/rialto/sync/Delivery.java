package io.rialto.sync;

import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.SyncKey;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Brings messages to devices: takes their streams, catches them up from their keys, and reads and sends on when a hint, an
 * acknowledgement or a beat calls. Owns no thread: what blocks runs on the given workers, and {@link #tick} is called by
 * a timer. A device that has nothing to get is one small object and its places in the directory.
 */
public final class Delivery implements Hints {
    /** How often {@link #tick} must be called. */
    public static final Duration TICK = Duration.ofMillis(100);

    /** The path of the operation of {@link #hints}, for servers only. */
    public static final String HINTS = Neighbours.OPERATION;

    private static final long BEATS_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final int OPENINGS_PER_SECOND = 2_000;
    /** More than a node has sockets for, and what its memory is planned for. */
    private static final int MAX_STREAMS = 100_000;

    private static final int SWEEP_STEP = 1_000;
    private static final int MIN_SPREAD_MILLIS = 1_000;

    private final DeliveryPorts ports;
    private final Directory directory = new Directory();
    private final Beats beats;
    private final Openings openings;
    private final TopicRules rules;
    private final Notes notes;
    private final Reader reader;
    private final AckWriter acks;
    private final Fetcher fetcher;
    private final Neighbours neighbours;
    private long lastBeats;
    private volatile @Nullable RoutingTable table;

    public Delivery(DeliveryPorts ports) {
        this.ports = ports;
        this.beats = new Beats(ports.nanoTime(), ports.random());
        this.openings = new Openings(OPENINGS_PER_SECOND, nanos(), ports.random());
        this.rules = new TopicRules(ports.topics());
        this.notes = new Notes(ports);
        this.reader = new Reader(ports);
        this.acks = new AckWriter(ports);
        this.fetcher = new Fetcher(ports, rules, notes);
        this.neighbours = new Neighbours(ports, directory, new FromNeighbours());
        this.lastBeats = nanos();
    }

    Inbox inbox() {
        return ports.inbox();
    }

    /**
     * A device opens its stream. On an event loop.
     *
     * @param hello bytes of its first frame
     */
    public DeviceChannel.Listener open(Device device, byte[] hello, DeviceChannel channel) {
        int pause = directory.local().size() < MAX_STREAMS ? openings.pauseMillis(nanos()) : spreadMillis();
        if (pause > 0) {
            return refuse(
                    channel, Reason.OVERLOADED, "too many streams are being opened (expected: again later)", pause, "");
        }
        Place elsewhere = placeElsewhere(device.user(), device.shard(), device.epoch());
        if (elsewhere != null) {
            return refuse(channel, Reason.WRONG_CELL, moved(elsewhere), 0, hint(elsewhere));
        }
        try {
            DeviceFrame first = DeviceFrame.decode(hello);
            if (first.kind() != DeviceFrame.Kind.HELLO) {
                throw new ProtocolException(
                        Reason.MALFORMED_FRAME, "first frame: " + first.kind() + " (expected: HELLO)");
            }
            return open(device, first, channel);
        } catch (ProtocolException e) {
            return refuse(channel, e.reason(), String.valueOf(e.getMessage()), 0, "");
        }
    }

    private DeviceChannel.Listener open(Device device, DeviceFrame first, DeviceChannel channel)
            throws ProtocolException {
        long version = rules.version(first.hello());
        long number = directory.nextNumber(ports.clock().millis());
        OpenStream stream = new OpenStream(this, channel, device, first.hello(), version, number);
        ports.meters().opened();
        take(stream);
        notes.seen(device, first.hello(), version);
        call(stream);
        return stream;
    }

    private void take(OpenStream stream) {
        List<OpenStream> older;
        synchronized (directory) {
            older = directory.put(stream);
            neighbours.changed(stream, true);
        }
        endSuperseded(older);
        neighbours.flush();
    }

    private static void endSuperseded(List<OpenStream> older) {
        older.forEach(stream -> stream.end(Reason.SUPERSEDED, "the device has opened another stream"));
    }

    private DeviceChannel.Listener refuse(
            DeviceChannel channel, Reason reason, String text, int retryAfterMillis, String cell) {
        ports.meters().bye(reason);
        channel.end(new Bye(reason.wireName(), text, retryAfterMillis, cell));
        return Refused.INSTANCE;
    }

    /** Of a stream that was not taken. */
    private enum Refused implements DeviceChannel.Listener {
        INSTANCE;

        @Override
        public void frame(byte[] bytes) {}

        @Override
        public void writable() {}

        @Override
        public void drain() {}

        @Override
        public void closed() {}
    }

    /**
     * A device asks by a call, {@code rialto.Sync/Fetch}. Fails with a {@link ProtocolException}.
     *
     * @param request bytes of a {@code FetchRequest}
     */
    public CompletionStage<byte[]> fetch(Device device, byte[] request) {
        return fetcher.fetch(device, request);
    }

    @Override
    public void stored(Collection<String> users) {
        users.forEach(this::wake);
        neighbours.wake(users);
    }

    @Override
    public void stored(Publication message, long sequence) {
        Fresh fresh = new Fresh(message, sequence);
        for (Directory.Holder holder : directory.of(message.user())) {
            if (holder instanceof OpenStream stream) {
                reader.call(stream, fresh);
            }
        }
        neighbours.wake(List.of(message.user()));
    }

    private void wake(String user) {
        for (Directory.Holder holder : directory.of(user)) {
            if (holder instanceof OpenStream stream) {
                call(stream);
            }
        }
    }

    @Override
    public void storedForEveryone(String topic) {
        wakeAll(topic);
        neighbours.wakeAll(topic);
    }

    private void wakeAll(String topic) {
        Topic known = ports.topics().apply(topic);
        for (OpenStream stream : directory.local()) {
            if (known == null || known.app().equals(stream.app())) {
                call(stream);
            }
        }
    }

    /** What other nodes of the cell say. */
    private final class FromNeighbours implements Neighbours.Listener {
        @Override
        public void superseded(List<OpenStream> older) {
            endSuperseded(older);
        }

        @Override
        public void wake(Collection<String> users, Collection<String> topics) {
            users.forEach(Delivery.this::wake);
            topics.forEach(Delivery.this::wakeAll);
        }
    }

    /**
     * Another node of the cell tells of its streams and whom to wake, {@link #HINTS}; answers the bytes for it. Does not
     * block.
     */
    public byte[] hints(byte[] frame) throws ProtocolException {
        return neighbours.receive(frame);
    }

    /**
     * A stream of a device.
     *
     * @param node that holds it
     */
    public record Whereabouts(String device, String node) {}

    /** Where the open streams of a user's devices are, as far as is known here. */
    public List<Whereabouts> whereIs(String user) {
        return directory.of(user).stream()
                .map(holder -> new Whereabouts(holder.device(), holder.node()))
                .toList();
    }

    /** Streams that are open on this node. */
    public int streams() {
        return directory.local().size();
    }

    /** To be called every {@link #TICK}, by one thread. */
    public void tick() {
        reader.tick();
        acks.tick();
        notes.tick();
        neighbours.tick();
        long now = nanos();
        if (now - lastBeats >= BEATS_NANOS) {
            lastBeats = now;
            for (OpenStream stream : directory.local()) {
                if (stream.beatIsDue(now)) {
                    call(stream);
                }
            }
        }
    }

    // users who live elsewhere now

    /** There is a new table, or a first one: streams of users who do not live here any more end. */
    public void tableChanged(RoutingTable changed) {
        table = changed;
        sweep(changed, directory.local().iterator());
    }

    /** A step of the sweep at a time, so that other work gets its turn between. */
    private void sweep(RoutingTable sweptFor, Iterator<OpenStream> streams) {
        try {
            ports.workers().execute(() -> {
                for (int i = 0; i < SWEEP_STEP && streams.hasNext(); i++) {
                    endIfMoved(streams.next());
                }
                if (streams.hasNext() && table == sweptFor) {
                    sweep(sweptFor, streams);
                }
            });
        } catch (RejectedExecutionException e) {
            // The process is going down, and every stream with it.
            return;
        }
    }

    private void endIfMoved(OpenStream stream) {
        Place elsewhere = placeElsewhere(stream.user(), stream.shard(), stream.epoch());
        if (elsewhere != null) {
            stream.end(Reason.WRONG_CELL, moved(elsewhere), spreadMillis(), hint(elsewhere));
        }
    }

    /** Where a user lives now; null where it is here, as when the device came. */
    private @Nullable Place placeElsewhere(String user, int shard, long epoch) {
        RoutingTable current = table;
        if (current == null) {
            return null;
        }
        Place place = current.locate(user);
        boolean here = place.cell().id().equals(ports.cell());
        return here && place.shard() == shard && place.epoch() == epoch ? null : place;
    }

    private static String moved(Place place) {
        return "the user lives in cell " + place.cell().id() + " since epoch " + place.epoch();
    }

    /** As in {@code rialto-cell}. */
    private static String hint(Place place) {
        String hint = place.cell().id() + ";shard=" + place.shard() + ";epoch=" + place.epoch();
        return place.cell().publicUrls().isEmpty()
                ? hint
                : hint + ";at=" + place.cell().publicUrls().get(0);
    }

    // what streams need

    void call(OpenStream stream) {
        reader.call(stream);
    }

    void forget(OpenStream stream) {
        synchronized (directory) {
            directory.remove(stream);
            neighbours.changed(stream, false);
        }
        neighbours.flush();
    }

    void acknowledged(OpenStream stream) {
        acks.add(stream);
    }

    void landed(Sequence.Flight flight) {
        if (flight.createdMillis > 0) {
            ports.meters().acknowledged(flight.messages, Math.max(0, millis() - flight.createdMillis));
        }
    }

    void sent(OpenStream to, Batch batch, int bytes) {
        ports.meters().batch(batch.messages().size(), bytes);
        notes.sent(to, batch);
    }

    void receipts(OpenStream from, List<Receipt> receipts) {
        notes.received(from, receipts);
    }

    List<SyncKey> ofApp(String app, List<SyncKey> all) {
        return rules.ofApp(app, all);
    }

    boolean isOfApp(String app, String topic) {
        Topic known = ports.topics().apply(topic);
        return known != null && known.app().equals(app);
    }

    List<SyncKey> known(String app, List<SyncKey> claimed) throws ProtocolException {
        return rules.known(app, claimed);
    }

    /** A pause for many devices at once, such that they come back no faster than they may. */
    int spreadMillis() {
        int spread = MIN_SPREAD_MILLIS + directory.local().size() * 1_000 / OPENINGS_PER_SECOND;
        return 1 + ports.random().nextInt(spread);
    }

    Beats beats() {
        return beats;
    }

    DeliveryMeters meters() {
        return ports.meters();
    }

    String node() {
        return ports.node();
    }

    long nanos() {
        return ports.nanoTime().getAsLong();
    }

    long millis() {
        return ports.clock().millis();
    }

    long unacknowledgedNanos() {
        return ports.unacknowledged().toNanos();
    }
}
