package io.rialto.client;

import io.rialto.client.codec.Codec;
import io.rialto.client.http.Transport;
import io.rialto.client.inbox.Inbox;
import io.rialto.client.inbox.Line;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A client of one app's backend: {@code Rialto.builder()...build()}, then {@link #service}. One for the life of the
 * app; any thread may call.
 */
public final class Rialto implements Closeable {
    /** An answer that was 16 MiB compressed is no answer of a sensible operation decompressed beyond this. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private static final int KEY_BYTES = 16;

    private final List<Interceptor> steps;
    private final List<Codec> codecs;
    private final Protection protection;
    private final Duration timeout;
    private final Clock clock;
    private final SecureRandom random;
    private final Identity identity;
    private final Gateways gateways;
    private final Edges edges;
    private final Transport transport;
    private final ExecutorService executor;
    private final String app;
    private final Supplier<Inbox> newInbox;

    /** Made when it is first asked for; guarded by this. */
    private @Nullable Inbox inbox;

    Rialto(RialtoBuilder settings, Transport transport, RememberedAddresses addresses, ExecutorService executor) {
        this.app = settings.app;
        this.codecs = List.copyOf(settings.codecs);
        this.protection = settings.protection;
        this.timeout = settings.timeout;
        this.clock = settings.clock;
        this.random = settings.random;
        this.transport = transport;
        this.executor = executor;

        Kept kept = new Kept(settings.storage, app, settings.reporter);
        ServerTime time = new ServerTime(clock);
        this.edges = new Edges();
        this.identity = new Identity(kept, settings.deviceSigner, random);
        this.gateways = new Gateways(settings.gateways, kept, clock);
        addresses.begin(
                kept, new PlatformDirectory(transport, gateways, settings.directoryKeys, kept), gateways::alsoKnown);
        RequestSigner requests = new RequestSigner(identity.signer(), time, random);
        SessionListener listener = listener(settings.sessionListener);
        Sessions sessions = new Sessions(
                app,
                identity,
                new ServerKeys(settings.serverKeys, kept),
                edges,
                time,
                requests,
                transport,
                clock,
                random,
                settings.identityToken,
                listener);

        // Every step of a call, outermost first.
        List<Interceptor> list = new ArrayList<>();
        list.add(new DeadlineStep(clock));
        list.addAll(settings.interceptors);
        list.add(new RetryStep(clock, random, settings.tryTimeout.toNanos()));
        int first = list.size();
        list.add(new CellStep(gateways));
        list.add(new GlobalVersionStep());
        list.add(new WrittenStep(kept));
        list.add(new SessionStep(sessions, identity, edges, time, gateways, clock, settings.identityToken, listener));
        list.add(new SealStep(time));
        list.add(new SignStep(requests));
        list.add(new TransportStep(transport, clock));
        this.steps = Collections.unmodifiableList(list);
        Line line = new DeviceLine(
                this,
                call -> proceed(first, call),
                gateways,
                time,
                transport::evictIdle,
                clock,
                timeout.toNanos(),
                protection);
        this.newInbox = () -> new Inbox(
                line, kept, settings.inbox, clock::nanos, random, message -> settings.reporter.report(message));
    }

    private SessionListener listener(SessionListener app) {
        return new SessionListener() {
            @Override
            public void loggedIn() {
                userChanged();
                app.loggedIn();
            }

            @Override
            public void ended(String reason) {
                app.ended(reason);
            }
        };
    }

    public static RialtoBuilder builder() {
        return new RialtoBuilder();
    }

    /**
     * A service of the backend, as an interface whose methods carry {@link io.rialto.protocol.Operation}. A method takes
     * at most one message and one {@link CallOptions}; it answers the message, or a {@link CompletableFuture} of it, and
     * fails with {@link CallException}.
     *
     * @throws IllegalArgumentException where a method is none that can be called, all of them at once
     */
    public <T> T service(Class<T> type) {
        Map<Method, ServiceMethod> methods = new HashMap<>();
        List<String> wrong = new ArrayList<>();
        if (!type.isInterface()) {
            wrong.add("service: " + type.getName() + " (expected: an interface)");
        } else {
            for (Method method : type.getMethods()) {
                if (Modifier.isStatic(method.getModifiers())) {
                    continue;
                }
                try {
                    methods.put(method, ServiceMethod.of(method, codecs));
                } catch (IllegalArgumentException e) {
                    wrong.add(String.valueOf(e.getMessage()));
                }
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", wrong));
        }
        ServiceProxy proxy = new ServiceProxy(type, methods, this);
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, proxy));
    }

    /** The inbox of the user on this device; the same at each call. Say who handles its topics, then start it. */
    public synchronized Inbox inbox() {
        if (inbox == null) {
            inbox = newInbox.get();
        }
        return inbox;
    }

    private synchronized @Nullable Inbox madeInbox() {
        return inbox;
    }

    private void userChanged() {
        Inbox made = madeInbox();
        if (made != null) {
            made.userChanged();
        }
    }

    /**
     * Calls an operation with a message in bytes, as a tool does that has no interface for it.
     *
     * @param idempotent whether doing it twice is the same as once
     * @return the answer, decompressed
     * @throws CallException where it failed
     */
    public Answer call(
            OperationName operation, String contentType, byte[] message, boolean idempotent, CallOptions options) {
        Map<String, String> headers = new TreeMap<>(options.headers());
        headers.put("content-type", contentType);
        headers.put("accept-encoding", "gzip");
        if (options.routeHint() != null) {
            headers.put(HeaderNames.ROUTE, options.routeHint());
        }
        String key = options.idempotencyKey();
        boolean repeatable = idempotent || key != null;
        if (key == null && !idempotent) {
            key = randomKey();
        }
        if (key != null) {
            headers.put(HeaderNames.IDEMPOTENCY_KEY, key);
        }
        Duration limit = options.timeout() == null ? timeout : options.timeout();
        Protection by = options.protection() == null ? protection : options.protection();
        long deadline = clock.nanos() + limit.toNanos();
        Answer answer = proceed(0, Call.of(operation, headers, message, repeatable, by, deadline));
        CallException failure = answer.failure();
        if (failure != null) {
            throw failure.withIdempotencyKey(key);
        }
        return decompressed(answer);
    }

    private Answer proceed(int index, Call call) {
        return steps.get(index).intercept(call, changed -> proceed(index + 1, changed));
    }

    private String randomKey() {
        byte[] bytes = new byte[KEY_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static Answer decompressed(Answer answer) {
        if (!"gzip".equals(answer.header("content-encoding"))) {
            return answer;
        }
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(answer.body()))) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            for (int n = in.read(buffer); n != -1; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                if (out.size() > MAX_ANSWER_BYTES) {
                    throw new IOException("above " + MAX_ANSWER_BYTES + " bytes when decompressed");
                }
            }
            return new Answer(answer.status(), answer.headers(), out.toByteArray(), answer.authentic(), null);
        } catch (IOException e) {
            throw unreadableAnswer(e);
        }
    }

    // a future is returned as the object that the proxy's caller asked for
    @SuppressWarnings("FutureReturnValueIgnored")
    @Nullable
    Object invoke(ServiceMethod method, @Nullable Object[] arguments) {
        if (!method.async()) {
            return invokeNow(method, arguments);
        }
        CompletableFuture<@Nullable Object> future = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    future.complete(invokeNow(method, arguments));
                } catch (RuntimeException | Error e) {
                    future.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException e) {
            future.completeExceptionally(CallException.local(
                    Code.RESOURCE_EXHAUSTED, "too many calls wait already, or the client is closed"));
        }
        return future;
    }

    private @Nullable Object invokeNow(ServiceMethod method, @Nullable Object[] arguments) {
        Codec codec = method.codec();
        Answer answer = call(
                method.operation(),
                codec.contentType(),
                codec.encode(method.message(arguments)),
                method.idempotent(),
                method.options(arguments));
        if (method.answersNothing()) {
            return null;
        }
        try {
            return codec.decode(answer.body(), method.answer());
        } catch (IOException e) {
            throw unreadableAnswer(e);
        }
    }

    private static CallException unreadableAnswer(IOException e) {
        return new CallException(
                Code.DATA_LOSS, "", "the answer cannot be read: " + e.getMessage(), Dispatched.YES, false, 0, null, e);
    }

    /**
     * The cell whose gateway is called now, for logs and figures: the user's as far as an answer has named it, else that of
     * the first address; null before the first answer.
     */
    public @Nullable String cell() {
        URI gateway = gateways.choose();
        String cell = gateways.cellOf(gateway);
        if (cell != null) {
            return cell;
        }
        String edge = edges.of(gateway);
        if (edge == null) {
            return null;
        }
        int slash = edge.indexOf('/');
        return slash < 0 ? edge : edge.substring(0, slash);
    }

    /** Whether a user is logged in on this device, as far as it knows. */
    public boolean hasUser() {
        return identity.hasUser();
    }

    /** Forgets the user: later calls are the device's alone. */
    public void logout() {
        identity.loggedOut();
        gateways.forgetCell();
        userChanged();
    }

    /** The device's network is another one now: connections of the old one are not used again. */
    public void networkChanged() {
        Inbox made = madeInbox();
        if (made != null) {
            // its connection is busy, and would be spared below
            made.networkChanged("");
        }
        gateways.networkChanged();
        transport.evictIdle();
    }

    /** The interceptors of every call, outermost first. */
    public List<Interceptor> interceptors() {
        return steps;
    }

    /** Ends connections and threads. Calls under way fail. */
    @Override
    public void close() {
        Inbox made = madeInbox();
        if (made != null) {
            made.close();
        }
        executor.shutdownNow();
        transport.close();
    }

    /** The app's name; no secret is in it. */
    @Override
    public String toString() {
        return "Rialto client of " + app;
    }
}
