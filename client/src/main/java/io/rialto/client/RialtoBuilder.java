package io.rialto.client;

import io.rialto.client.codec.Codec;
import io.rialto.client.codec.JsonCodec;
import io.rialto.client.http.AddressLookup;
import io.rialto.client.http.OkHttpTransport;
import io.rialto.client.http.Transport;
import io.rialto.client.http.Trust;
import io.rialto.client.inbox.InboxSettings;
import io.rialto.protocol.DeviceSigner;
import io.rialto.protocol.ServerKey;
import java.net.URI;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Settings of a client. {@link #build()} checks them all at once. */
public final class RialtoBuilder {
    /** Asynchronous calls at once; each holds a thread while it waits. */
    private static final int THREADS = 16;

    /** Asynchronous calls that wait for a thread. */
    private static final int WAITING = 1024;

    /** Of an Ed25519 public key (RFC 8032). */
    private static final int DIRECTORY_KEY_BYTES = 32;

    String app = "";
    final List<URI> gateways = new ArrayList<>();
    final List<ServerKey> serverKeys = new ArrayList<>();
    final Map<String, byte[]> directoryKeys = new HashMap<>();
    final List<Interceptor> interceptors = new ArrayList<>();
    final List<Codec> codecs = new ArrayList<>();
    Storage storage = new InMemoryStorage();
    Clock clock = Clock.system();
    SecureRandom random = new SecureRandom();
    Reporter reporter = Reporter.none();
    SessionListener sessionListener = SessionListener.none();
    Protection protection = Protection.SEALED;
    InboxSettings inbox = InboxSettings.none();
    Duration timeout = Duration.ofSeconds(10);
    Duration tryTimeout = Duration.ofSeconds(4);

    @Nullable
    DeviceSigner deviceSigner;

    Supplier<@Nullable String> identityToken = () -> null;

    private final List<String> wrong = new ArrayList<>();
    private Duration connectTimeout = Duration.ofSeconds(3);
    private Duration pingInterval = Duration.ZERO;
    private AddressLookup addressLookup = AddressLookup.system();
    private @Nullable Trust trust;
    private @Nullable Transport transport;
    private @Nullable ExecutorService executor;

    RialtoBuilder() {}

    /** The app's id, as the platform knows it: {@code a-z}, digits and dashes. Required. */
    public RialtoBuilder app(String id) {
        app = id;
        return this;
    }

    /** Gateways to call before the user's cell is known, best first: {@code https://host:port}. Required. */
    public RialtoBuilder gateways(List<URI> boot) {
        for (URI uri : boot) {
            try {
                gateways.add(Gateways.uri(uri.toString()));
            } catch (IllegalArgumentException e) {
                wrong.add(String.valueOf(e.getMessage()));
            }
        }
        return this;
    }

    /** Keys of the platform to seal for, best first. Required. */
    public RialtoBuilder serverKeys(List<ServerKey> pinned) {
        serverKeys.addAll(pinned);
        return this;
    }

    /**
     * A key that answers of the platform's directory must be signed by; several while keys change. With one or more, any
     * other answer is ignored and reported. Without, addresses and gateways are taken from whom the transport trusts.
     *
     * @param id as the signature names it
     * @param publicKey Ed25519, 32 bytes
     */
    public RialtoBuilder directoryKey(String id, byte[] publicKey) {
        if (id.isEmpty() || publicKey.length != DIRECTORY_KEY_BYTES) {
            wrong.add("directory key: '" + id + "' of " + publicKey.length + " bytes (expected: an id and "
                    + DIRECTORY_KEY_BYTES + " bytes of Ed25519)");
        }
        directoryKeys.put(id, publicKey.clone());
        return this;
    }

    /** Where to keep a few values between runs; in memory by default, and then each start is a new device. */
    public RialtoBuilder storage(Storage value) {
        storage = value;
        return this;
    }

    /** What the inbox needs, for apps that get messages. */
    public RialtoBuilder inbox(InboxSettings value) {
        inbox = value;
        return this;
    }

    public RialtoBuilder clock(Clock value) {
        clock = value;
        return this;
    }

    public RialtoBuilder random(SecureRandom value) {
        random = value;
        return this;
    }

    public RialtoBuilder reporter(Reporter value) {
        reporter = value;
        return this;
    }

    public RialtoBuilder sessionListener(SessionListener value) {
        sessionListener = value;
        return this;
    }

    /** The device's key where the app has one in hardware; by default one is made and stored. */
    public RialtoBuilder deviceSigner(DeviceSigner value) {
        deviceSigner = value;
        return this;
    }

    /** Answers the token of the app's identity provider for the user, or null; asked at each handshake without a login. */
    public RialtoBuilder identityToken(Supplier<@Nullable String> value) {
        identityToken = value;
        return this;
    }

    /** How calls are protected that do not say it themselves; sealed by default. */
    public RialtoBuilder protection(Protection value) {
        protection = value;
        return this;
    }

    /** The time for one call over all its tries; 10 s by default. */
    public RialtoBuilder timeout(Duration value) {
        timeout = checked("timeout", value);
        return this;
    }

    /** The longest that one try of a repeatable call takes; 4 s by default. */
    public RialtoBuilder tryTimeout(Duration value) {
        tryTimeout = checked("try timeout", value);
        return this;
    }

    /** The longest that connecting to one address takes; 3 s by default. */
    public RialtoBuilder connectTimeout(Duration value) {
        connectTimeout = checked("connect timeout", value);
        return this;
    }

    /**
     * How often a connection is tested while it is open, HTTP/2's or a WebSocket's; zero, the default, for never: each test
     * wakes the radio, calls have a limit for each try, and an inbox has its beats.
     */
    public RialtoBuilder pingInterval(Duration value) {
        pingInterval = value;
        return this;
    }

    /** A step of the app's own, outside of all tries of a call; several run in the order they were added. */
    public RialtoBuilder interceptor(Interceptor value) {
        interceptors.add(value);
        return this;
    }

    /** A codec to ask before JSON. */
    public RialtoBuilder codec(Codec value) {
        codecs.add(value);
        return this;
    }

    /**
     * Finds addresses of gateways that neither the client remembers nor the platform's directory tells; the system by
     * default.
     */
    public RialtoBuilder addressLookup(AddressLookup value) {
        addressLookup = value;
        return this;
    }

    /** Trusts the authorities of a PEM file alone, instead of the platform's. */
    public RialtoBuilder trust(Path pemFile) {
        try {
            trust = Trust.ofFile(pemFile);
        } catch (IllegalArgumentException e) {
            wrong.add(String.valueOf(e.getMessage()));
        }
        return this;
    }

    /** Trusts what the manager trusts, instead of the platform's authorities. */
    public RialtoBuilder trust(SSLSocketFactory sockets, X509TrustManager manager) {
        trust = Trust.of(sockets, manager);
        return this;
    }

    /** Another transport; settings of connections, addresses and trust are then its own. The client closes it. */
    public RialtoBuilder transport(Transport value) {
        transport = value;
        return this;
    }

    /** Runs asynchronous calls; by default 16 daemon threads of its own. The client shuts it down. */
    public RialtoBuilder executor(ExecutorService value) {
        executor = value;
        return this;
    }

    private Duration checked(String name, Duration value) {
        if (value.isZero() || value.isNegative()) {
            wrong.add(name + ": " + value + " (expected: above zero)");
        }
        return value;
    }

    /**
     * The client.
     *
     * @throws IllegalArgumentException where settings are wrong: one line for each of them
     */
    public Rialto build() {
        List<String> problems = new ArrayList<>(wrong);
        if (!app.matches("[a-z][a-z0-9-]{0,63}")) {
            problems.add("app: '" + app + "' (expected: a-z, digits and dashes, a letter first, at most 64)");
        }
        if (gateways.isEmpty()) {
            problems.add("gateways: none (expected: at least one https://host:port)");
        }
        if (serverKeys.isEmpty()) {
            problems.add("server keys: none (expected: at least one; the platform's operator publishes them)");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(String.join("\n", problems));
        }
        codecs.add(new JsonCodec());
        RememberedAddresses addresses = new RememberedAddresses(addressLookup, clock, RialtoBuilder::refresh);
        Transport http =
                transport != null ? transport : new OkHttpTransport(trust, addresses, connectTimeout, pingInterval);
        return new Rialto(this, http, addresses, executor != null ? executor : threads());
    }

    /** Rarely, and never two at a time: not worth a thread that waits. */
    private static void refresh(Runnable task) {
        Thread thread = new Thread(task, "rialto-addresses");
        thread.setDaemon(true);
        thread.start();
    }

    private static ExecutorService threads() {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                THREADS, THREADS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), task -> {
                    Thread thread = new Thread(task, "rialto-call");
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Names and counts; no key is in it. */
    @Override
    public String toString() {
        return "RialtoBuilder of " + app + " at " + Arrays.toString(gateways.toArray());
    }
}
