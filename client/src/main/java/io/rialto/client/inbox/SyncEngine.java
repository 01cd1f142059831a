package io.rialto.client.inbox;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Batch;
import io.rialto.protocol.sync.Bye;
import io.rialto.protocol.sync.DeviceFrame;
import io.rialto.protocol.sync.Fetched;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.Receipt;
import io.rialto.protocol.sync.ServerFrame;
import io.rialto.protocol.sync.Step;
import io.rialto.protocol.sync.SyncKey;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Keeps one stream open and reads it: opens, waits, fetches meanwhile, and gives up only when it is told to. */
final class SyncEngine implements Receipts, Deliveries.Outcome {
    /** Failures in a row after which messages are fetched by calls. */
    private static final int FETCH_AFTER = 2;

    /** Answers of one fetching; each has 64 messages of each sequence. */
    private static final int MAX_FETCHES = 256;

    private static final long SETTLE_MILLIS = 30_000;

    private final Line line;
    private final InboxSettings settings;
    private final LongSupplier nanos;
    private final Consumer<String> report;
    private final Deliveries deliveries;
    private final StreamWatch watch;
    private final WaitingReceipts receipts = new WaitingReceipts();
    private final Thread thread = new Thread(this::run, "rialto-sync");

    /** Guards all below. */
    private final Object lock = new Object();

    private final Beats beats;
    private final Pauses pauses;
    private @Nullable OpenStream open;
    private boolean wanted;
    private boolean started;
    private boolean closed;
    private boolean hurry;
    private boolean networkIsNew;
    private InboxState state = InboxState.STOPPED;
    private volatile Consumer<InboxState> stateListener = changed -> {};
    private String lastFailure = "";

    SyncEngine(
            Line line,
            InboxSettings settings,
            Beats beats,
            Pauses pauses,
            LongSupplier nanos,
            Consumer<String> report) {
        this.line = line;
        this.settings = settings;
        this.beats = beats;
        this.pauses = pauses;
        this.nanos = nanos;
        this.report = report;
        this.deliveries = new Deliveries(this, nanos, report);
        this.watch = new StreamWatch(() -> deliveries.offer(() -> send(DeviceFrame.ping(0))));
        thread.setDaemon(true);
    }

    void add(String topic, Sink sink) {
        deliveries.add(topic, sink);
        reopen();
    }

    boolean has(String topic) {
        return deliveries.has(topic);
    }

    // What the app wants

    void resume() {
        synchronized (lock) {
            if (closed) {
                throw new IllegalStateException("inbox is closed (expected: one that is not)");
            }
            wanted = true;
            pauses.reset();
            hurry = true;
            if (!started) {
                started = true;
                deliveries.start();
                thread.start();
            }
            lock.notifyAll();
        }
    }

    void pause() {
        synchronized (lock) {
            wanted = false;
            lock.notifyAll();
        }
        end("paused");
    }

    void networkChanged(String name) {
        synchronized (lock) {
            beats.network(name);
            networkIsNew = true;
        }
        reopenNow();
    }

    void reopenNow() {
        synchronized (lock) {
            pauses.reset();
            hurry = true;
            lock.notifyAll();
        }
        end("asked to open anew");
    }

    private void reopen() {
        end("asked to open anew");
    }

    private void end(String why) {
        OpenStream stream;
        synchronized (lock) {
            stream = open;
        }
        if (stream != null) {
            stream.endAsWanted(why);
        }
    }

    InboxState state() {
        synchronized (lock) {
            return state;
        }
    }

    void onState(Consumer<InboxState> listener) {
        stateListener = listener;
    }

    private void become(InboxState next) {
        synchronized (lock) {
            if (state == next || state == InboxState.CLOSED) {
                return;
            }
            state = next;
        }
        stateListener.accept(next);
    }

    void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            lock.notifyAll();
        }
        end("closed");
        thread.interrupt();
        watch.close();
        deliveries.close();
        become(InboxState.CLOSED);
    }

    // The stream

    private void run() {
        try {
            while (awaitWanted()) {
                long pauseMillis = once();
                await(pauseMillis);
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    private boolean awaitWanted() throws InterruptedException {
        while (true) {
            synchronized (lock) {
                if (closed) {
                    return false;
                }
                if (wanted) {
                    hurry = false;
                    return true;
                }
            }
            become(InboxState.STOPPED);
            synchronized (lock) {
                while (!closed && !wanted) {
                    lock.wait();
                }
            }
        }
    }

    private void await(long millis) throws InterruptedException {
        long end = nanos.getAsLong() + TimeUnit.MILLISECONDS.toNanos(millis);
        synchronized (lock) {
            while (!closed && !hurry && wanted) {
                long left = TimeUnit.NANOSECONDS.toMillis(end - nanos.getAsLong());
                if (left <= 0) {
                    return;
                }
                lock.wait(left);
            }
        }
    }

    /** One stream, from its opening to its end; how long to wait then. */
    private long once() throws InterruptedException {
        become(InboxState.OPENING);
        // what the stream before has brought comes first, so that the keys are as high as they can be
        deliveries.settle(SETTLE_MILLIS);
        OpenStream stream = null;
        Ending ending;
        try {
            stream = new OpenStream(line.open(DeviceFrame.hello(hello()).encode()), nanos);
            ending = read(stream);
        } catch (LineException e) {
            ending = new Ending(e.reason(), String.valueOf(e.getMessage()), e.retryAfterMillis());
        } catch (ProtocolException e) {
            ending = new Ending(e.reason().wireName(), String.valueOf(e.getMessage()), 0);
        } finally {
            synchronized (lock) {
                open = null;
            }
            if (stream != null) {
                watch.forget(stream);
                stream.close();
            }
        }
        return ended(stream, ending);
    }

    private Hello hello() {
        int seconds;
        synchronized (lock) {
            seconds = beats.seconds();
        }
        return Hello.builder()
                .keys(deliveries.keys())
                .appVersion(settings.appVersion())
                .locale(settings.locale())
                .platform(settings.platform())
                .timeZone(settings.timeZone())
                .push(settings.pushVendor(), settings.pushToken())
                .beatSeconds(seconds)
                .build();
    }

    private Ending read(OpenStream stream) throws LineException, ProtocolException, InterruptedException {
        watch.begin(stream);
        synchronized (lock) {
            open = stream;
            if (closed || !wanted || hurry) {
                // who wanted its end found no stream yet
                stream.endAsWanted("not wanted any more");
            }
        }
        while (true) {
            ServerFrame frame = ServerFrame.decode(stream.receive());
            Bye bye = on(stream, frame);
            if (bye != null) {
                return said(stream, bye);
            }
        }
    }

    private @Nullable Bye on(OpenStream stream, ServerFrame frame) throws LineException, InterruptedException {
        switch (frame.kind()) {
            case WELCOME:
                int asked;
                synchronized (lock) {
                    asked = beats.seconds();
                }
                stream.welcomed(frame.beatSeconds() == 0 ? asked : frame.beatSeconds(), frame.highest());
                watch.begin(stream);
                become(InboxState.OPEN);
                deliveries.offer(this::sendReceipts);
                return null;
            case BATCH:
                stream.blocked(true);
                try {
                    deliveries.put(frame.batch());
                } finally {
                    stream.blocked(false);
                }
                return null;
            case BEAT:
                beat(stream, frame.highest());
                return null;
            case BYE:
                return frame.bye();
            default:
                return null;
        }
    }

    /** The platform is there, and says how far it is: is the device? */
    private void beat(OpenStream stream, List<SyncKey> highest) throws LineException {
        Integer seconds;
        synchronized (lock) {
            seconds = beats.came();
        }
        boolean behind = deliveries.isIdle() && isBehind(highest);
        if (behind && stream.asked(deliveries.keys())) {
            stream.end("asked for what is missing, and it did not come");
        } else if (behind || seconds != null) {
            stream.send(DeviceFrame.ping(seconds == null ? 0 : seconds));
        } else {
            // the platform should hear of the device, too
            stream.send(DeviceFrame.ack(List.of()));
        }
        stream.heard(highest);
        if (seconds != null) {
            stream.beatSeconds(seconds);
        }
    }

    private boolean isBehind(List<SyncKey> highest) {
        for (SyncKey there : highest) {
            SyncKey here = deliveries.key(there.topic(), there.everyone());
            if (here == null ? there.sequence() > 0 : there.sequence() > here.sequence()) {
                return true;
            }
        }
        return false;
    }

    // Its end

    private Ending said(OpenStream stream, Bye bye) throws InterruptedException {
        Ending ending = new Ending(bye.reason(), bye.text(), bye.retryAfterMillis(), true);
        if (!bye.cell().isEmpty()) {
            line.learnCell(bye.cell());
        }
        if (ending.is(Reason.FOREIGN_KEY) || ending.is(Reason.FUTURE_KEY) || ending.is(Reason.WRONG_APP)) {
            forgetWrongKeys(stream.highest(), bye);
        }
        return ending;
    }

    /** Forgets the keys that the platform named, and those that its own contradict; no others. */
    private void forgetWrongKeys(List<SyncKey> highest, Bye bye) throws InterruptedException {
        for (SyncKey key : deliveries.keys()) {
            String name = StoredKey.name(key.topic(), key.everyone());
            boolean wrong = bye.text().startsWith(name + ":");
            for (SyncKey there : highest) {
                if (there.topic().equals(key.topic()) && there.everyone() == key.everyone()) {
                    wrong |= there.inbox() != key.inbox() || there.sequence() < key.sequence();
                }
            }
            if (wrong) {
                report.accept("inbox: " + bye.reason() + ": the key of " + name + " at " + key.sequence()
                        + " is forgotten; the topic begins anew");
                deliveries.forget(key.topic(), key.everyone());
            }
        }
    }

    private long ended(@Nullable OpenStream stream, Ending ending) throws InterruptedException {
        boolean silent = stream != null && stream.wasSilent();
        boolean fresh;
        synchronized (lock) {
            if (silent) {
                beats.died();
            }
            fresh = networkIsNew || silent;
            networkIsNew = false;
        }
        if (fresh) {
            line.networkChanged();
        }
        if (ending.is(Reason.SUPERSEDED)) {
            // not by this inbox, which has one at a time: whoever it was is left alone for a while
            become(InboxState.SUPERSEDED);
            long pause;
            synchronized (lock) {
                pause = pauses.superseded();
            }
            report.accept("inbox: another stream of this device was opened; this one comes back in " + pause
                    + " ms, or by resume");
            return pause;
        }
        if (ending.said && ending.is(Reason.MALFORMED_FRAME)) {
            // another stream would say the same
            become(InboxState.REFUSED);
            report.accept("inbox: the platform refuses a frame, and only resume tries again: " + ending.text);
            return Pauses.UNTIL_RESUMED_MILLIS;
        }
        if (stream != null && stream.endedAsWanted()) {
            return 0;
        }
        tell(ending);
        long pause;
        int failures;
        synchronized (lock) {
            pause = pauses.after(stream == null ? 0 : stream.livedMillis(), ending);
            failures = pauses.failures();
        }
        become(InboxState.WAITING);
        if (failures >= FETCH_AFTER && ending.retryAfterMillis == 0) {
            fetch();
        }
        return pause;
    }

    private void tell(Ending ending) {
        String failure = ending.toString();
        if (!failure.equals(lastFailure)) {
            lastFailure = failure;
            report.accept("inbox: no stream: " + failure);
        }
    }

    /** Gets what there is by calls. Its failures are those of the stream, which were told. */
    private void fetch() throws InterruptedException {
        try {
            for (int i = 0; i < MAX_FETCHES; i++) {
                Fetched fetched = Fetched.decode(line.fetch(Fetched.request(hello())));
                for (Batch batch : fetched.batches()) {
                    deliveries.put(batch);
                }
                boolean settled = deliveries.settle(SETTLE_MILLIS);
                if (!fetched.more() || !settled || fetched.batches().isEmpty()) {
                    // the keys of a last request acknowledge what came
                    if (!fetched.batches().isEmpty()) {
                        line.fetch(Fetched.request(hello()));
                    }
                    return;
                }
            }
        } catch (LineException | ProtocolException e) {
            return;
        }
    }

    // What deliveries lead to

    @Override
    public void acknowledge(List<SyncKey> keys) {
        send(DeviceFrame.ack(keys));
    }

    @Override
    public void outOfOrder(String what) {
        OpenStream stream;
        synchronized (lock) {
            stream = open;
        }
        if (stream != null) {
            report.accept("inbox: " + what + "; the stream begins anew");
            stream.end(what);
        }
    }

    /** Sends a frame where there is a stream; the next hello says the same otherwise. */
    private boolean send(DeviceFrame frame) {
        OpenStream stream;
        synchronized (lock) {
            stream = open;
        }
        if (stream == null) {
            return false;
        }
        try {
            stream.send(frame);
            return true;
        } catch (LineException e) {
            stream.end("cannot be written to: " + e.getMessage());
            return false;
        }
    }

    @Override
    public void add(String message, Step step) {
        receipts.add(new Receipt(message, step, line.serverMillis()));
        watch.soon(() -> deliveries.offer(this::sendReceipts));
    }

    private void sendReceipts() {
        List<Receipt> some = receipts.take();
        if (!some.isEmpty() && !send(DeviceFrame.receipts(some))) {
            receipts.putBack(some);
        }
    }
}
