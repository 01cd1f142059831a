package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.gateway.EdgeName;
import io.rialto.gateway.Gateway;
import io.rialto.gateway.GatewayPorts;
import io.rialto.gateway.HostedOperation;
import io.rialto.gateway.config.ConfigException;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.identity.HttpFetcher;
import io.rialto.gateway.loop.EventLoops;
import io.rialto.gateway.transport.InboundCall.Listener;
import io.rialto.gateway.transport.ListenerSettings;
import io.rialto.gateway.transport.Listeners;
import io.rialto.gateway.transport.TransportSettings;
import io.rialto.gateway.upstream.HostResolver;
import io.rialto.gateway.upstream.Registration;
import io.rialto.gateway.upstream.Registry;
import io.rialto.gateway.upstream.Upstreams;
import io.rialto.node.Meters;
import io.rialto.node.ProcessMeters;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotFollower;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.SyncConfigException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/**
 * One edge: follows the snapshot, makes the gateway's state of it, and opens its ports once it has a first one. Started
 * and stopped by one thread; configuration arrives on the follower's.
 */
final class EdgeNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EdgeNode.class);
    private static final byte[] DONE = "{}".getBytes(StandardCharsets.UTF_8);
    private static final Duration INTERNAL_DRAIN = Duration.ofSeconds(5);

    /** A registration lists a backend's operations. */
    private static final int MAX_REGISTRATION = 256 * 1024;

    private final EdgeSettings settings;
    private final SecureRandom random;
    private final EventLoops loops;
    private final SnapshotFollower follower;
    private final EdgeMeters meters;
    private final Upstreams backends;
    private final EdgeUpstreams upstreams;
    private final Consumer<Snapshot> listener;
    private final Optional<DatabaseAddress> inbox;
    private final Meters all = new Meters();
    private final CountDownLatch backend = new CountDownLatch(1);
    private final CountDownLatch configured = new CountDownLatch(1);
    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile @Nullable Gateway gateway;
    private volatile @Nullable EdgeMessages messages;
    private @Nullable Listeners publicSide;
    private @Nullable Listeners internalSide;

    /** One snapshot's sections, read. */
    private record Parts(GatewayConfig config, Keys keys, RoutingTable table, SyncConfig sync) {
        static Parts of(Snapshot snapshot) throws ConfigException, TableException, SyncConfigException {
            return new Parts(
                    GatewayConfig.parse(section(snapshot, "gateway")),
                    Keys.parse(section(snapshot, "keys")),
                    RoutingTable.parse(section(snapshot, RoutingTable.SECTION)),
                    snapshot.sections().containsKey(SyncConfig.SECTION)
                            ? SyncConfig.parse(section(snapshot, SyncConfig.SECTION))
                            : SyncConfig.EMPTY);
        }

        private static JsonNode section(Snapshot snapshot, String name) {
            return snapshot.sections().getOrDefault(name, MissingNode.getInstance());
        }
    }

    /** @param listener gets each snapshot that was put in force */
    private EdgeNode(
            EdgeSettings settings, Optional<DatabaseAddress> inbox, SecureRandom random, Consumer<Snapshot> listener)
            throws IOException {
        this.settings = settings;
        this.inbox = inbox;
        this.random = random;
        this.listener = listener;
        ProcessMeters.add(all);
        this.meters = new EdgeMeters(all);
        this.follower = new SnapshotFollower(
                        SnapshotFollower.Source.of(settings.snapshot()), Clock.systemUTC(), new SplittableRandom())
                .as(settings.node());
        int cores = Runtime.getRuntime().availableProcessors();
        this.loops = EventLoops.start(settings.loops() == 0 ? cores : settings.loops());
        this.backends = new Upstreams(loops, meters, HostResolver.JDK, new SplittableRandom());
        this.upstreams = new EdgeUpstreams(backends, settings.cell());
        all.gauge(
                "rialto_snapshot_version",
                "Version of the snapshot in force.",
                () -> follower.health().version());
        all.gauge("rialto_calls_in_flight", "Calls between admission and answer.", this::inFlight);
        follower.listen(this::apply);
    }

    /**
     * Starts, and waits for a first configuration: from the file if there is one, else from control.
     *
     * @param inbox where the messages of its cell are; without it the edge carries calls only
     * @throws IOException where a port cannot be opened, or no configuration came in time
     */
    static EdgeNode start(
            EdgeSettings settings,
            Optional<DatabaseAddress> inbox,
            Duration patience,
            SecureRandom random,
            Consumer<Snapshot> listener)
            throws IOException, InterruptedException {
        EdgeNode edge = new EdgeNode(settings, inbox, random, listener);
        try {
            edge.follower.start();
            if (!edge.configured.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("no configuration after " + patience.toSeconds() + " s (expected: control at "
                        + settings.snapshot().controlUrls() + ", or a snapshot in "
                        + settings.snapshot().file() + "): "
                        + edge.follower.health().lastError().orElse("control has none yet"));
            }
            edge.open();
            return edge;
        } catch (IOException | InterruptedException | RuntimeException e) {
            edge.close();
            throw e;
        }
    }

    /** Puts a snapshot in force, or keeps what is in force and says what is wrong with the new one. */
    private void apply(Snapshot snapshot) {
        try {
            Parts parts = Parts.of(snapshot);
            upstreams.apply(parts.config().backends(), parts.table());
            Gateway running = gateway;
            if (running == null) {
                begin(parts);
            } else {
                running.apply(parts.config(), parts.keys(), parts.table());
                EdgeMessages carried = messages;
                if (carried != null) {
                    carried.apply(parts.sync(), parts.table());
                }
            }
            listener.accept(snapshot);
            configured.countDown();
        } catch (ConfigException | TableException | SyncConfigException | IllegalArgumentException e) {
            throw new IllegalStateException("snapshot " + snapshot.version() + " is not used: " + e.getMessage(), e);
        }
    }

    private void begin(Parts parts) {
        EdgeMessages carried = inbox.map(address -> new EdgeMessages(
                        settings,
                        address,
                        parts.sync(),
                        parts.table(),
                        () -> requireGateway().internalCalls(),
                        all,
                        random))
                .orElse(null);
        messages = carried;
        gateway = new Gateway(ports(carried), parts.config(), parts.keys(), parts.table());
        if (carried != null) {
            carried.start();
        }
    }

    private GatewayPorts ports(@Nullable EdgeMessages carried) {
        Registry registry = backends.registry();
        List<HostedOperation> hosted = new ArrayList<>(List.of(
                hosted("/rialto.Backends/Register", body -> register(registry, body)),
                hosted("/rialto.Backends/Deregister", body -> deregister(registry, body))));
        if (carried != null) {
            hosted.addAll(carried.operations());
        }
        return new GatewayPorts(
                EdgeName.starting(settings.cell(), settings.node(), random),
                upstreams,
                Clock.systemUTC(),
                System::nanoTime,
                random,
                new HttpFetcher(),
                loop -> loops.of(loop).delay().minimumNanos(),
                meters,
                () -> loops.next().eventLoop(),
                hosted,
                carried,
                meters::text,
                () -> publicSide != null);
    }

    /** What answers another server's message. */
    @FunctionalInterface
    private interface Service {
        byte[] answer(byte[] message) throws ProtocolException;
    }

    private static HostedOperation hosted(String path, Service service) {
        return new HostedOperation(path, HostedOperation.Audience.SERVERS, MAX_REGISTRATION, call -> {
            try {
                return CompletableFuture.completedStage(service.answer(call.message()));
            } catch (ProtocolException refused) {
                return CompletableFuture.failedStage(refused);
            }
        });
    }

    private byte[] register(Registry registry, byte[] body) throws ProtocolException {
        if (!registry.register(registration(body))) {
            throw new ProtocolException(Reason.OVERLOADED, "too many backends are registered here already");
        }
        backend.countDown();
        return DONE;
    }

    private static byte[] deregister(Registry registry, byte[] body) throws ProtocolException {
        Registration gone = registration(body);
        registry.deregister(gone.service(), gone.instance());
        return DONE;
    }

    private static Registration registration(byte[] body) throws ProtocolException {
        try {
            return Registration.parse(body);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.INVALID_BODY, String.valueOf(e.getMessage()));
        }
    }

    private void open() throws IOException {
        Gateway running = requireGateway();
        TransportSettings limits = TransportSettings.defaults();
        InetSocketAddress internal = new InetSocketAddress(settings.internalHost(), settings.internalPort());
        internalSide = Listeners.start(
                loops, List.of(new ListenerSettings(Listener.INTERNAL, internal, null, limits)), running, meters);
        List<ListenerSettings> open = new ArrayList<>();
        open.add(new ListenerSettings(
                Listener.PUBLIC,
                new InetSocketAddress(settings.publicHost(), settings.publicPort()),
                new ListenerSettings.Certificate(settings.tlsChainFile(), settings.tlsKeyFile()),
                limits));
        if (settings.plainPort() >= 0) {
            InetSocketAddress plain = new InetSocketAddress(settings.publicHost(), settings.plainPort());
            open.add(new ListenerSettings(Listener.PUBLIC, plain, null, limits));
        }
        publicSide = Listeners.start(loops, open, running, meters);
        LOG.info(
                "edge {} of cell {} serves {}, internally {}",
                settings.node(),
                settings.cell(),
                publicSide.addresses(),
                internalSide.addresses());
    }

    private Gateway requireGateway() {
        Gateway running = gateway;
        if (running == null) {
            throw new IllegalStateException("edge without configuration");
        }
        return running;
    }

    int inFlight() {
        Gateway running = gateway;
        return running == null ? 0 : running.inFlight();
    }

    /** The address of the public TLS listener. */
    InetSocketAddress publicAddress() {
        if (publicSide == null) {
            throw new IllegalStateException("edge is not open");
        }
        return publicSide.addresses().getFirst();
    }

    /** Waits until a backend has registered; whether one has. */
    boolean awaitBackend(Duration limit) throws InterruptedException {
        return backend.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    long snapshotVersion() {
        return follower.health().version();
    }

    /** Says that it leaves, and stays open for a while: balancers need that long to notice. */
    void leave(Duration notice) {
        Gateway running = gateway;
        if (running != null) {
            running.drain();
        }
        try {
            if (stopping.await(notice.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("edge {}: stopped while it was leaving", settings.node());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Takes no more calls of phones, and waits for those in flight; other edges are still served. */
    void drain() throws InterruptedException {
        if (stopping.getCount() == 0) {
            return;
        }
        stopping.countDown();
        Gateway running = gateway;
        if (running != null) {
            running.drain();
        }
        if (publicSide != null && !publicSide.drain(settings.drain())) {
            LOG.warn("edge {}: calls were still in flight after {} and are cut off", settings.node(), settings.drain());
        }
    }

    /** Drains, then ends everything. */
    @Override
    public void close() {
        try {
            drain();
            if (internalSide != null) {
                internalSide.drain(INTERNAL_DRAIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        follower.close();
        Gateway running = gateway;
        if (running != null) {
            running.close();
        }
        EdgeMessages carried = messages;
        if (carried != null) {
            carried.close();
        }
        backends.close();
        loops.close();
    }
}
