package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.SyncKey;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One open stream of a device. What changes is guarded by the stream itself, for moments only; all frames but the last
 * are sent by the reader whose turn it is, so one after the other.
 */
final class OpenStream implements DeviceChannel.Listener, Directory.Holder {
    /** Where the stream is on its way through the queue of readers: in it at most once. */
    private enum Turn {
        IDLE,
        QUEUED,
        READING,
        READING_AND_CALLED
    }

    private final Delivery delivery;
    private final DeviceChannel channel;
    private final String app;
    private final String device;
    private final String user;
    private final int shard;
    private final long epoch;
    private final long version;
    private final String locale;
    private final String platform;
    private final long number;
    private final Progress progress;
    private Turn turn = Turn.IDLE;
    private boolean welcomed;
    private boolean beatAsked;
    private boolean behind;
    /** Whether there is more than what this turn reads. */
    private boolean left;

    private boolean ended;
    private boolean acksQueued;
    private int beatSeconds;
    private long nextBeat;
    private long lastProgress;

    OpenStream(Delivery delivery, DeviceChannel channel, Device device, Hello hello, long version, long number) {
        this.delivery = delivery;
        this.channel = channel;
        this.app = device.app().intern(); // a handful for all streams, as are locales and platforms
        this.device = device.id();
        this.user = device.user();
        this.shard = device.shard();
        this.epoch = device.epoch();
        this.version = version;
        this.locale = hello.locale().intern();
        this.platform = hello.platform().intern();
        this.number = number;
        this.progress = new Progress(hello.keys());
        this.beatSeconds = Beats.seconds(hello.beatSeconds());
        this.nextBeat = delivery.beats().next(beatSeconds);
    }

    @Override
    public String device() {
        return device;
    }

    @Override
    public String user() {
        return user;
    }

    @Override
    public String node() {
        return delivery.node();
    }

    @Override
    public long number() {
        return number;
    }

    String app() {
        return app;
    }

    int shard() {
        return shard;
    }

    long epoch() {
        return epoch;
    }

    // what the device does

    @Override
    public void frame(byte[] bytes) {
        try {
            DeviceFrame frame = DeviceFrame.decode(bytes);
            switch (frame.kind()) {
                case HELLO -> end(Reason.MALFORMED_FRAME, "a second hello (expected: one, as the first frame)");
                case ACK -> acknowledge(frame.keys());
                case RECEIPTS -> delivery.receipts(this, frame.receipts());
                case PING -> ping(frame.beatSeconds());
            }
        } catch (ProtocolException e) {
            end(e);
        }
    }

    private void acknowledge(List<SyncKey> keys) {
        boolean settled;
        boolean read;
        synchronized (this) {
            settled = progress.acknowledge(keys, delivery::landed);
            lastProgress = settled ? delivery.nanos() : lastProgress;
            read = progress.hasClaims() || settled && behind;
        }
        if (settled) {
            delivery.acknowledged(this);
        }
        if (read) {
            delivery.call(this);
        }
    }

    private void ping(int seconds) {
        synchronized (this) {
            beatSeconds = seconds == 0 ? beatSeconds : Beats.seconds(seconds);
            beatAsked = true;
        }
        delivery.call(this);
    }

    @Override
    public void writable() {
        boolean read;
        synchronized (this) {
            read = behind || beatAsked;
        }
        if (read) {
            delivery.call(this);
        }
    }

    @Override
    public void drain() {
        end(Reason.DRAINING, "the edge is going down: over another connection", delivery.spreadMillis(), "");
    }

    @Override
    public void closed() {
        if (leave()) {
            delivery.forget(this);
        }
    }

    // ends

    void end(Reason reason, String text) {
        end(reason, text, 0, "");
    }

    void end(ProtocolException refusal) {
        end(refusal.reason(), String.valueOf(refusal.getMessage()));
    }

    /** By a reader or a writer of the database, as it may ask there. */
    void end(WrongKey wrong) {
        end(wrong.refusal(delivery.inbox(), shard, user));
    }

    void end(Reason reason, String text, int retryAfterMillis, String cell) {
        if (leave()) {
            delivery.forget(this);
            delivery.meters().bye(reason);
            channel.end(new Bye(reason.wireName(), text, retryAfterMillis, cell));
        }
    }

    private synchronized boolean leave() {
        boolean first = !ended;
        ended = true;
        return first;
    }

    /** Each round of the beats: whether one is due. Ends a stream whose device acknowledges nothing. */
    boolean beatIsDue(long now) {
        synchronized (this) {
            if (!progress.isFlying() || now - lastProgress < delivery.unacknowledgedNanos()) {
                if (ended || now - nextBeat < 0) {
                    return false;
                }
                nextBeat = delivery.beats().next(beatSeconds);
                beatAsked = true;
                return true;
            }
        }
        end(
                Reason.NOT_ACKNOWLEDGED,
                "nothing acknowledged for " + TimeUnit.NANOSECONDS.toSeconds(delivery.unacknowledgedNanos())
                        + " s (expected: an ack of what was sent)",
                delivery.spreadMillis(),
                "");
        return false;
    }

    // turns

    /** Whether the stream must be put into the queue of readers now. */
    synchronized boolean call() {
        switch (turn) {
            case IDLE -> {
                turn = Turn.QUEUED;
                return true;
            }
            case READING -> turn = Turn.READING_AND_CALLED;
            case QUEUED, READING_AND_CALLED -> {}
        }
        return false;
    }

    /** A reader takes the stream; what its device has claimed until now can be held against what is read after this. */
    synchronized List<SyncKey> begin() {
        turn = Turn.READING;
        return progress.takeClaims();
    }

    /**
     * Takes the stream for a message that was stored just now, if it is idle, the message comes next and there is room;
     * null otherwise.
     */
    synchronized @Nullable Sequence begin(Fresh fresh) {
        Publication message = fresh.message();
        if (ended || !welcomed || turn != Turn.IDLE || message.epoch() != epoch || !fresh.isFor(device, version)) {
            return null;
        }
        Sequence next = progress.endingAt(message.topic(), fresh.sequence() - 1);
        if (next != null && progress.hasRoom() && delivery.isOfApp(app, message.topic()) && channel.isWritable()) {
            turn = Turn.READING;
            return next;
        }
        return null;
    }

    /** The reader lets go; true where the stream must be put into the queue again. */
    synchronized boolean finish(boolean progressed) {
        behind = progressed ? left : behind;
        boolean again = !ended
                && (turn == Turn.READING_AND_CALLED
                        || progressed && behind && progress.hasRoom() && channel.isWritable());
        turn = again ? Turn.QUEUED : Turn.IDLE;
        return again;
    }

    /** The keeper did not answer; the stream stays in the queue as it was. */
    synchronized void giveBack(List<SyncKey> claimed) {
        turn = Turn.QUEUED;
        progress.giveBack(claimed);
    }

    // what the reader does whose turn it is

    /**
     * Holds what the device has against what the database has, greets or beats, and says what to read.
     *
     * @param highest of the user, read after {@link #begin}
     */
    List<Progress.Part> look(List<SyncKey> highest, List<SyncKey> claimed) {
        List<SyncKey> mine = delivery.ofApp(app, highest);
        boolean settled;
        @Nullable ServerFrame greeting;
        List<Progress.Part> parts;
        try {
            synchronized (this) {
                if (ended) {
                    return List.of();
                }
                settled = progress.compare(mine, delivery.known(app, claimed), delivery::landed);
                lastProgress = settled ? delivery.nanos() : lastProgress;
                greeting = greeting(mine);
                // First "there is more", then the look at the channel: it calls where it becomes writable after that.
                int sequences = progress.behind(mine);
                behind = sequences > 0;
                parts = behind && channel.isWritable() ? progress.plan(mine) : List.of();
                left = sequences > parts.size();
            }
        } catch (ProtocolException e) {
            end(e);
            return List.of();
        } catch (WrongKey e) {
            end(e);
            return List.of();
        }
        if (settled) {
            delivery.acknowledged(this);
        }
        if (greeting != null) {
            channel.send(greeting.encode());
        }
        return parts;
    }

    private @Nullable ServerFrame greeting(List<SyncKey> highest) {
        if (!welcomed) {
            welcomed = true;
            nextBeat = delivery.beats().first();
            return ServerFrame.welcome(Beats.longestSilence(beatSeconds), highest, delivery.millis());
        }
        if (beatAsked && channel.isWritable()) {
            beatAsked = false;
            nextBeat = delivery.beats().next(beatSeconds);
            delivery.meters().beat();
            return ServerFrame.beat(highest, delivery.millis());
        }
        return null;
    }

    /** Whether its user's data is in this cell; where it is not, the device is sent to look for it. */
    boolean isAmong(Set<Inbox.ShardEpoch> open) {
        if (open.contains(new Inbox.ShardEpoch(shard, epoch))) {
            return true;
        }
        end(Reason.FENCED, "shard " + shard + ": not open here at epoch " + epoch + " (expected: another try)");
        return false;
    }

    Want want(Progress.Part part) {
        return new Want(user, device, part.after(), version, locale, platform, part.maxMessages(), part.maxBytes());
    }

    /** Sends what was read; true where there may be more to read now. */
    boolean take(Progress.Part part, Slice slice) {
        return switch (slice) {
            case Slice.Nothing nothing -> false; // a database that was just ahead: the next call asks again
            case Slice.BadKey bad -> {
                end(new WrongKey(bad.future() ? Reason.FUTURE_KEY : Reason.FOREIGN_KEY, part.after(), bad.message()));
                yield false;
            }
            case Slice.Next next -> send(part.sequence(), next.batch(), next.more());
        };
    }

    /** Sends a batch; true where there may be more to read now. */
    boolean send(Sequence sequence, Batch batch, boolean more) {
        byte[] frame = ServerFrame.batch(batch).encode();
        boolean follows;
        synchronized (this) {
            lastProgress = progress.isFlying() ? lastProgress : delivery.nanos();
            follows = progress.send(sequence, batch, frame.length);
            left |= more;
        }
        if (!follows) {
            end(Reason.INTERNAL, "a batch from " + batch.first() + " does not follow on what was sent");
            return false;
        }
        channel.send(frame);
        delivery.sent(this, batch, frame.length);
        return true;
    }

    // acknowledgements on their way to the database

    /** Whether the stream must be put into the queue of acknowledgements now. */
    synchronized boolean queueAcks() {
        boolean first = !acksQueued;
        acksQueued = true;
        return first;
    }

    synchronized List<Acknowledgement> takeAcks() {
        acksQueued = false;
        return progress.unwritten(shard, user, device);
    }

    /** The keeper did not answer. */
    synchronized void notWritten(List<Acknowledgement> all) {
        progress.notWritten(all);
    }
}
