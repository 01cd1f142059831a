package io.rialto.sync.vendor;

import io.rialto.node.LogThrottle;
import io.rialto.sync.Devices;
import io.rialto.sync.Hints;
import io.rialto.sync.InboxException;
import io.rialto.sync.Notice;
import io.rialto.sync.PushAccounts;
import io.rialto.sync.QuietHours;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.Template;
import io.rialto.sync.Topic;
import io.rialto.sync.vendor.VendorPush.Outcome;
import io.rialto.sync.vendor.WakeQueue.Away;
import io.rialto.sync.vendor.WakeQueue.Missing;
import io.rialto.sync.vendor.WakeQueue.Settled;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wakes the devices of a cell that are away. Who must be woken is found in the database, by every node of the cell, and by
 * a hint at once where a message is urgent; each device is taken by one node.
 *
 * <p>One virtual thread looks, and one more for each call to a vendor. Without an account at a vendor nothing is looked at.
 */
public final class Waker implements Hints, AutoCloseable {
    /** What a device with a stream has acknowledged by then. */
    static final Duration GRACE = Duration.ofSeconds(5);
    /** Between wake-ups of one device, unless a message is urgent. */
    static final Duration GAP = Duration.ofMinutes(1);
    /** Between wake-ups for urgent messages: what comes meanwhile is fetched with the first. */
    static final Duration URGENT_GAP = Duration.ofSeconds(5);
    /** A device with a stream is brought its messages by that; it is looked at again, since the stream may be dead. */
    static final Duration STREAMING = Duration.ofSeconds(30);
    /** Vendors keep a wake-up so long for a device that is off, unless the message expires earlier. */
    static final Duration LIFETIME = Duration.ofDays(28);

    private static final Duration PACE = Duration.ofSeconds(1);
    /** Hints come by the hundreds; looks by them do not. */
    private static final Duration HINT_PACE = Duration.ofMillis(100);
    /** Calls to vendors at one time, from one node. */
    private static final int ROUND = 256;
    /** Longer than a call with its renewed token takes. */
    private static final Duration LEASE = PushHttp.TIMEOUT.multipliedBy(6);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(5);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(1);
    private static final int MAX_DOUBLINGS = 10;
    /** About half a day of pauses: then the next message tries anew. */
    private static final int MAX_TRIES = 20;
    /** After quiet hours not all are woken in one second. */
    private static final Duration SPREAD = Duration.ofMinutes(5);
    /** Rows of devices that were woken are kept so long, and looked for after so many rounds. */
    private static final Duration KEPT = Duration.ofDays(1);

    private static final int FORGET_AFTER = 300;
    /** Of a refusal, in a trace. */
    private static final int MAX_REASON = 200;

    private static final Logger LOG = LoggerFactory.getLogger(Waker.class);

    private final WakeQueue queue;
    private final Devices devices;
    private final Supplier<SyncConfig> config;
    private final Vendors vendors;
    private final BiPredicate<String, String> streaming;
    private final WakeMeters meters;
    private final InstantSource clock;
    private final RandomGenerator random;
    private final LogThrottle log;
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    /** Vendors that take nothing of an app until then, by app and vendor. */
    private final Map<String, Instant> resting = new ConcurrentHashMap<>();

    private final Semaphore hints = new Semaphore(0);
    private final CountDownLatch closing = new CountDownLatch(1);
    private boolean failing;
    private int rounds;
    private @Nullable Instant urgentUntil;

    /**
     * A waker of a cell.
     *
     * @param devices of the cell, whose tokens are forgotten when their vendor says so
     * @param streaming whether a device, named by user and device, has an open stream on any node, as far as is known
     * @param clock for how long vendors are left alone
     * @param random of many threads
     */
    public Waker(
            WakeQueue queue,
            Devices devices,
            Supplier<SyncConfig> config,
            Vendors vendors,
            BiPredicate<String, String> streaming,
            WakeMeters meters,
            InstantSource clock,
            RandomGenerator random) {
        this.queue = queue;
        this.devices = devices;
        this.config = config;
        this.vendors = vendors;
        this.streaming = streaming;
        this.meters = meters;
        this.clock = clock;
        this.random = random;
        this.log = new LogThrottle(LOG, Duration.ofMinutes(1), clock);
    }

    /** Begins to wake. */
    public void start() {
        Thread.ofVirtual().name("waker").start(this::run);
    }

    /** Something was stored: an urgent message has its devices woken at once. */
    @Override
    public void stored(Collection<String> users) {
        if (hints.availablePermits() == 0 && !config.get().accounts().isEmpty()) {
            hints.release();
        }
    }

    /** Devices are walked through for messages to everyone at their own pace. */
    @Override
    public void storedForEveryone(String topic) {}

    private void run() {
        long nextFull = System.nanoTime();
        while (isOpen()) {
            boolean full = System.nanoTime() - nextFull >= 0;
            if (full) {
                nextFull = System.nanoTime() + random.nextLong(PACE.toNanos() / 2, PACE.toNanos());
            }
            attempt(full);
            try {
                if (closing.await(HINT_PACE.toNanos(), TimeUnit.NANOSECONDS)) {
                    return;
                }
                long left = nextFull - System.nanoTime();
                if (left > 0 && hints.tryAcquire(left, TimeUnit.NANOSECONDS)) {
                    hints.drainPermits();
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean isOpen() {
        return closing.getCount() > 0;
    }

    private void attempt(boolean full) {
        try {
            round(full);
            if (failing) {
                failing = false;
                LOG.info("devices that are away are woken again");
            }
        } catch (InboxException | IllegalStateException e) {
            if (!failing) {
                failing = true;
                LOG.warn("devices that are away are not woken for now: {}", e.toString());
            }
        } catch (RuntimeException e) {
            // A bug must not end it for good; what fails since the database is closed with this is none.
            if (isOpen()) {
                LOG.error("devices that are away are not woken", e);
            }
        }
    }

    /** Once through what there is; how many devices were looked at. */
    int round(boolean full) {
        SyncConfig current = config.get();
        List<Topic> topics = current.topics().values().stream()
                .filter(topic -> topic.offline() && current.accounts().containsKey(topic.app()))
                .toList();
        if (topics.isEmpty()) {
            return 0;
        }
        urgentUntil = queue.noteUrgent(topics, urgentUntil);
        if (full) {
            for (Topic topic : topics) {
                while (isOpen() && queue.noteLate(topic, GRACE)) {
                    // Until it is up to date.
                }
                queue.noteEveryone(topic, GRACE);
            }
            if (rounds++ % FORGET_AFTER == 0) {
                queue.forget(KEPT);
            }
        }
        int looked = 0;
        List<Away> away = queue.take(topics, ROUND, LEASE);
        while (!away.isEmpty() && isOpen()) {
            queue.settle(wake(current, away));
            looked += away.size();
            away = away.size() < ROUND ? List.of() : queue.take(topics, ROUND, LEASE);
        }
        return looked;
    }

    private List<Settled> wake(SyncConfig current, List<Away> all) {
        List<Settled> settled = new ArrayList<>();
        List<Away> called = new ArrayList<>();
        List<Future<Settled>> results = new ArrayList<>();
        for (Away away : all) {
            Settled early = before(current, away);
            if (early != null) {
                settled.add(early);
            } else {
                called.add(away);
                results.add(calls.submit(() -> call(current, away)));
            }
        }
        for (int i = 0; i < results.size(); i++) {
            settled.add(result(called.get(i), results.get(i)));
        }
        return settled;
    }

    private Settled result(Away away, Future<Settled> result) {
        try {
            return result.get();
        } catch (ExecutionException e) {
            LOG.error("waking {} failed", away, e.getCause());
            return failed(away, Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return failed(away, Duration.ZERO);
        }
    }

    /** What is clear without the vendor; null where it must be asked. */
    private @Nullable Settled before(SyncConfig current, Away away) {
        if (away.missing().isEmpty() || !current.accounts().containsKey(away.app())) {
            return Settled.later(away, null);
        }
        if (streaming.test(away.user(), away.device())) {
            return Settled.later(away, away.now().plus(STREAMING));
        }
        boolean urgent = away.missing().getFirst().urgent();
        Instant woken = away.woken();
        Instant next = woken == null ? away.now() : woken.plus(urgent ? URGENT_GAP : GAP);
        if (next.isAfter(away.now())) {
            return Settled.later(away, next);
        }
        Instant quiet = urgent ? null : quietUntil(current, away);
        return quiet == null ? null : Settled.later(away, quiet.plus(jitter(SPREAD)));
    }

    /** The first end of quiet hours, where all topics of which it misses something have them now; else null. */
    private static @Nullable Instant quietUntil(SyncConfig current, Away away) {
        Instant first = null;
        for (Missing missing : away.missing()) {
            Topic topic = current.topics().get(missing.topic());
            QuietHours hours = topic == null ? null : topic.quietHours();
            Instant end = hours == null
                    ? null
                    : hours.end(away.now(), away.timeZone()).orElse(null);
            if (end == null) {
                return null;
            }
            first = first == null || end.isBefore(first) ? end : first;
        }
        return first;
    }

    private Settled call(SyncConfig current, Away away) throws InterruptedException {
        PushAccounts accounts = current.accounts().get(away.app());
        VendorPush push = accounts == null ? null : vendors.of(accounts, away.vendor());
        if (push == null) {
            // An account may come, and with it the next message.
            return Settled.later(away, null);
        }
        String name = away.app() + "." + push.vendor();
        Instant rest = resting.get(name);
        Instant now = clock.instant();
        if (rest != null && rest.isAfter(now)) {
            Duration left = Duration.between(now, rest);
            return Settled.later(away, away.now().plus(left).plus(jitter(FIRST_PAUSE)));
        }
        Outcome outcome = push.push(wakeup(current, away));
        return switch (outcome) {
            case Outcome.Sent sent -> {
                meters.asked(push.vendor(), "sent");
                yield new Settled(away, true, null, false, push.vendor());
            }
            case Outcome.Gone gone -> {
                meters.asked(push.vendor(), "gone");
                devices.unregister(away.vendor(), away.token());
                yield new Settled(away, false, null, false, refused(push, gone.why()));
            }
            case Outcome.Busy busy -> {
                meters.asked(push.vendor(), "busy");
                log.warn("{} does not take wake-ups for now: {}", name, busy.why());
                if (busy.all()) {
                    resting.put(name, now.plus(busy.pause().isZero() ? FIRST_PAUSE : busy.pause()));
                }
                yield failed(away, busy.pause());
            }
            case Outcome.Refused refused -> {
                meters.asked(push.vendor(), "refused");
                log.warn("{} refuses a wake-up: {}", name, refused.why());
                yield new Settled(away, false, null, false, refused(push, refused.why()));
            }
        };
    }

    private static String refused(VendorPush push, String why) {
        String text = push.vendor() + ": " + why;
        return text.length() <= MAX_REASON ? text : text.substring(0, MAX_REASON);
    }

    /** For the most urgent that it misses, with the text of the first of which there is one. */
    private static Wakeup wakeup(SyncConfig current, Away away) {
        Missing first = away.missing().getFirst();
        Duration left = first.expires() == null ? LIFETIME : Duration.between(away.now(), first.expires());
        return new Wakeup(
                away.token(), first.urgent(), left.compareTo(LIFETIME) > 0 ? LIFETIME : left, notice(current, away));
    }

    private static Wakeup.@Nullable Notice notice(SyncConfig current, Away away) {
        for (Missing missing : away.missing()) {
            Topic topic = current.topics().get(missing.topic());
            String notice = missing.notice();
            Optional<Template.Text> text =
                    topic == null || notice == null ? Optional.empty() : Notice.render(topic, notice, away.locale());
            if (text.isPresent()) {
                return new Wakeup.Notice(text.get().title(), text.get().body());
            }
        }
        return null;
    }

    private Settled failed(Away away, Duration asked) {
        boolean last = away.tries() + 1 >= MAX_TRIES;
        return new Settled(away, false, last ? null : away.now().plus(pause(away.tries(), asked)), true, null);
    }

    /** Doubles from seconds to an hour; no shorter than the vendor asks for, and longer by up to a half for each alone. */
    private Duration pause(int tries, Duration asked) {
        long own = Math.min(FIRST_PAUSE.toMillis() << Math.min(tries, MAX_DOUBLINGS), LONGEST_PAUSE.toMillis());
        long millis = Math.max(own, asked.toMillis());
        return Duration.ofMillis(millis + random.nextLong(millis / 2 + 1));
    }

    private Duration jitter(Duration most) {
        return Duration.ofMillis(random.nextLong(most.toMillis()));
    }

    @Override
    public void close() {
        closing.countDown();
        hints.release();
        calls.shutdownNow();
    }
}
