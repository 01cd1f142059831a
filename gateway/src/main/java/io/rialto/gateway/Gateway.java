package io.rialto.gateway;

import io.netty.channel.EventLoop;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.gateway.identity.JwkSets;
import io.rialto.gateway.identity.JwtVerifier;
import io.rialto.gateway.identity.Nonces;
import io.rialto.gateway.identity.SealedSessions;
import io.rialto.gateway.transport.CallHandler;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Takes calls from transports and answers them. {@link #steps} is the whole path of a call, {@link #answerSteps} the way
 * back; each step is one class.
 */
public final class Gateway implements CallHandler, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Gateway.class.getName());

    private final GatewayPorts ports;
    private final Step[] steps;
    private final Step[] stepsAgain;
    private final AnswerStep[] answerSteps;
    private final SealedSessions sessions = new SealedSessions(SealedSessions.CAPACITY, Freshness.SKEW_SECONDS);
    private final OffLoop offLoop = new OffLoop();
    private final UserRates userRates;
    private final InternalCalls internalCalls;
    private final BuiltIns builtIns;
    private final Cached cache;
    private final ConcurrentHashMap<EventLoop, LoopState> loops = new ConcurrentHashMap<>();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final ScheduledExecutorService housekeeping = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("gateway-housekeeping").factory());

    private final Future<?> sweeping;
    private volatile GatewayState state;
    private volatile boolean draining;
    private volatile boolean closed;
    private volatile long lastBugNanos;

    /** A gateway that serves this configuration from now on. */
    public Gateway(GatewayPorts ports, GatewayConfig config, Keys keys, RoutingTable table) {
        this.ports = ports;
        this.internalCalls = new InternalCalls(ports, this::state);
        Nonces nonces = new Nonces(ports.random());
        Freshness freshness = new Freshness(ports.self());
        JwtVerifier jwts = new JwtVerifier(new JwkSets(ports.jwkFetcher()));
        this.userRates = new UserRates(this);
        this.builtIns = new BuiltIns(ports, offLoop, nonces, freshness, jwts, userRates);
        this.state = stateOf(config, keys, table, null);
        this.cache = new Cached(ports.nanoTime(), config.bounds().cacheBytes());
        Locate locate = new Locate(ports.self());
        Invoke invoke = new Invoke(ports, cache);
        this.steps = steps(nonces, freshness, jwts, locate, invoke);
        this.stepsAgain = new Step[] {locate, invoke};
        this.answerSteps = answerSteps();
        this.sweeping = housekeeping.scheduleWithFixedDelay(this::housekeep, 1, 1, TimeUnit.SECONDS);
    }

    /** The path of a call, each step in its place. */
    private Step[] steps(Nonces nonces, Freshness freshness, JwtVerifier jwts, Locate locate, Invoke invoke) {
        return new Step[] {
            new Decode(ports, offLoop), // what kind of request it is; health, edge and preflight are answered here
            new Admit(ports), // overload
            new Authenticate(ports, sessions, nonces, freshness, jwts, offLoop), // seal, signature, token; replays
            new Resolve(builtIns, ports), // operation, who may call it, its message
            locate, // the user's cell: here, or forward once
            new Limit(ports, userRates), // rates of operation, app and user
            cache, // an answer at hand, or one under way
            invoke, // mock, own operation, other cell, backend
        };
    }

    /** The path of an answer. */
    private AnswerStep[] answerSteps() {
        return new AnswerStep[] {
            new AnswerRules(ports.self()), // header rules, the cell
            new Cors(), // what browsers need to see
            new Compression(), // gzip, zstd
            new SealAnswer(), // for the phone's eyes only
            new Encode(ports), // gRPC framing, common headers, off to the transport
        };
    }

    @Override
    public void handle(InboundCall call) {
        LoopState local = loops.get(call.loop());
        if (local == null) {
            local = loops.computeIfAbsent(
                    call.loop(), absent -> new LoopState(ports.random().nextLong()));
        }
        Exchange x = new Exchange(this, state, local, call, ports.clock().millis());
        call.onCancel(x::cancelled);
        run(x);
    }

    @Override
    public boolean isStream(String path) {
        return path.equals(DeviceStreams.PATH);
    }

    /** Calls of this node to other edges. */
    public InternalCalls internalCalls() {
        return internalCalls;
    }

    /** Takes a call from step to step, until one answers or suspends it. */
    void run(Exchange x) {
        Step[] path = x.again ? stepsAgain : steps;
        try {
            while (!x.ended() && x.next < path.length) {
                Step.Progress progress = path[x.next++].take(x);
                if (progress != Step.Progress.CONTINUE) {
                    return;
                }
            }
        } catch (ProtocolException refused) {
            refuse(x, refused.reason(), String.valueOf(refused.getMessage()));
        } catch (RuntimeException bug) {
            report(bug);
            refuse(x, Reason.INTERNAL, "the edge failed; its log says how");
        }
    }

    /** Finds out anew where the data of a call is, and calls there: past its rates, which it has paid, and past the cache. */
    void again(Exchange x) {
        x.again = true;
        x.colour = "";
        x.next = 0;
        run(x);
    }

    void refuse(Exchange x, Reason reason, String message) {
        refuse(x, reason, message, 0);
    }

    /** @param retryAfterNanos 0 where it is not known when to come again */
    void refuse(Exchange x, Reason reason, String message, long retryAfterNanos) {
        if (x.ended()) {
            return;
        }
        ports.meters().refused(reason);
        Refusals.Refusal refusal = Refusals.of(reason, message, x.framing == Exchange.Framing.GRPC);
        HeaderList headers = refusal.headers();
        if (retryAfterNanos > 0) {
            headers.add(Names.RETRY_AFTER, Long.toString((retryAfterNanos + 999_999_999L) / 1_000_000_000L));
        }
        x.refusal = reason;
        x.answer(refusal.status(), headers, refusal.body());
    }

    /** Takes an answer from step to step. The call ends here, whatever happens. */
    void answer(Exchange x) {
        if (x.ended()) {
            x.answerBody.release();
            return;
        }
        try {
            for (AnswerStep step : answerSteps) {
                step.take(x);
            }
        } catch (RuntimeException bug) {
            report(bug);
            Encode.failed(x);
        }
    }

    /** Says what went wrong inside, at most once a second. */
    void report(Throwable bug) {
        long now = ports.nanoTime().getAsLong();
        if (now - lastBugNanos > TimeUnit.SECONDS.toNanos(1) || lastBugNanos == 0) {
            lastBugNanos = now;
            LOG.log(Level.ERROR, "a call failed inside the gateway", bug);
        }
    }

    /**
     * Serves another configuration from now on. Calls under way end under the one that they began with; what did not
     * change keeps its rates and samples.
     */
    public synchronized void apply(GatewayConfig config, Keys keys, RoutingTable table) {
        GatewayState before = state;
        GatewayState after = stateOf(config, keys, table, before);
        if (!before.config.operations().equals(config.operations())) {
            cache.clear();
        }
        cache.resize(config.bounds().cacheBytes());
        state = after;
        tableChanged();
    }

    /** Calls that wait for their shard are sent to where it is now. */
    private void tableChanged() {
        loops.forEach((loop, local) -> {
            if (!loop.isShuttingDown()) {
                loop.execute(() -> Moving.tableChanged(local));
            }
        });
    }

    private GatewayState stateOf(GatewayConfig config, Keys keys, RoutingTable table, @Nullable GatewayState before) {
        return new GatewayState(
                config,
                keys,
                table,
                before,
                builtIns.operations(),
                ports.random(),
                ports.clock().instant(),
                ports.nanoTime().getAsLong());
    }

    /** What needs doing now and then, off the event loops. */
    void housekeep() {
        try {
            sessions.sweep(ports.clock().millis() / 1000);
            if (state.isOutdated(ports.clock().instant())) {
                renew();
            }
        } catch (RuntimeException bug) {
            report(bug); // thrown on, it would end the housekeeping for good
        }
    }

    /** Lets keys begin and end without a new configuration; not while one is applied, which it would undo. */
    private synchronized void renew() {
        GatewayState now = state;
        state = stateOf(now.config, now.keys, now.table, now);
    }

    GatewayPorts ports() {
        return ports;
    }

    GatewayState state() {
        return state;
    }

    void entered() {
        inFlight.incrementAndGet();
    }

    void left() {
        inFlight.decrementAndGet();
    }

    boolean isReady() {
        return !draining && !closed && ports.ready().getAsBoolean();
    }

    boolean isClosed() {
        return closed;
    }

    /** Calls between admission and answer. */
    public int inFlight() {
        return inFlight.get();
    }

    /** Says at {@code /health/ready} that nothing more should come; what comes is served. */
    public void drain() {
        draining = true;
    }

    /** Refuses calls from now on and ends the work behind them. */
    @Override
    public void close() {
        draining = true;
        closed = true;
        sweeping.cancel(false);
        housekeeping.shutdownNow();
        offLoop.close();
    }
}
