package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.DeviceStream;
import io.rialto.gateway.DeviceStreams;
import io.rialto.gateway.HostedCall;
import io.rialto.gateway.HostedOperation;
import io.rialto.gateway.InternalCalls;
import io.rialto.gateway.StreamCaller;
import io.rialto.node.Meters;
import io.rialto.node.postgres.Database;
import io.rialto.node.postgres.DatabaseAddress;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.BroadcastCopies;
import io.rialto.sync.Delivery;
import io.rialto.sync.DeliveryCounters;
import io.rialto.sync.DeliveryPorts;
import io.rialto.sync.Device;
import io.rialto.sync.Hints;
import io.rialto.sync.InboxCall;
import io.rialto.sync.InboxCounters;
import io.rialto.sync.InboxMeters;
import io.rialto.sync.InboxPorts;
import io.rialto.sync.InboxService;
import io.rialto.sync.RuleAudience;
import io.rialto.sync.SyncConfig;
import io.rialto.sync.inbox.PostgresInbox;
import io.rialto.sync.schedule.PostgresSchedule;
import io.rialto.sync.vendor.Vendors;
import io.rialto.sync.vendor.WakeMeters;
import io.rialto.sync.vendor.Waker;
import io.rialto.sync.webhook.Webhooks;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Messages on one edge: the inbox in the cell's database, what publishes to it, and what delivers from it. */
final class EdgeMessages implements DeviceStreams, AutoCloseable {
    private static final int FETCH_BYTES = 64 * 1024;
    private static final int HINT_BYTES = 256 * 1024;
    /** For timed messages and webhooks. */
    private static final int WORK_CONNECTIONS = 4;

    private static final String NO_USER = "no user (expected: a device on which somebody has logged in)";

    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService ticks = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("messages-tick").factory());
    private final Database database;
    private final PostgresInbox inbox;
    private final PostgresSchedule schedule;
    private final BroadcastCopies copies;
    private final Webhooks webhooks;
    private final Delivery delivery;
    private final Vendors vendors;
    private final Waker waker;
    private final InboxService service;
    private volatile SyncConfig config;
    private volatile RoutingTable table;

    /**
     * Starts; the database may be away, then messages are refused until it is there.
     *
     * @param address of the cell's inbox, which was prepared
     * @param calls to other edges, once there is a gateway
     */
    EdgeMessages(
            EdgeSettings edge,
            DatabaseAddress address,
            SyncConfig config,
            RoutingTable table,
            Supplier<InternalCalls> calls,
            Meters meters,
            SecureRandom random) {
        this.config = config;
        this.table = table;
        InstantSource clock = Clock.systemUTC();
        InboxMeters counts = new InboxCounters(meters);
        EdgePeers peers = new EdgePeers(edge.cell(), edge.node(), () -> this.table, calls);
        PostgresInbox.Settings settings = PostgresInbox.Settings.standard();
        database = Database.open(address, "rialto-messages-" + edge.node(), WORK_CONNECTIONS, settings.answer());
        inbox = PostgresInbox.open(address, settings, () -> this.config.topics(), new RuleAudience(edge.cell(), clock));
        delivery = new Delivery(new DeliveryPorts(
                edge.cell(),
                edge.node(),
                inbox,
                inbox,
                inbox,
                name -> this.config.topics().get(name),
                peers,
                workers,
                System::nanoTime,
                clock,
                random,
                new DeliveryCounters(meters),
                DeliveryPorts.DEFAULT_UNACKNOWLEDGED));
        DeliveryCounters.gauges(meters, delivery);
        vendors = Vendors.open(edge.pushKeys(), clock, random);
        waker = new Waker(
                inbox.wakes(),
                inbox,
                () -> this.config,
                vendors,
                this::hasStream,
                WakeMeters.on(meters),
                clock,
                random);
        Hints hints = delivery.and(waker);
        schedule = new PostgresSchedule(database, edge.cell(), () -> this.table, inbox, hints, counts, workers, random);
        InboxPorts ports = new InboxPorts(
                edge.cell(),
                () -> this.table,
                () -> this.config,
                inbox,
                inbox,
                inbox,
                schedule,
                peers,
                hints,
                counts,
                clock,
                workers);
        copies = new BroadcastCopies(ports, random);
        service = new InboxService(ports, copies);
        webhooks = new Webhooks(database, () -> this.config, counts, clock, random);
    }

    /** Begins what goes on by itself; there must be a gateway. */
    @SuppressWarnings("FutureReturnValueIgnored") // ticks end with their executor
    void start() {
        delivery.tableChanged(table);
        schedule.start();
        copies.start();
        webhooks.start();
        waker.start();
        long tick = Delivery.TICK.toMillis();
        ticks.scheduleWithFixedDelay(delivery::tick, tick, tick, TimeUnit.MILLISECONDS);
    }

    private boolean hasStream(String user, String device) {
        return delivery.whereIs(user).stream()
                .anyMatch(stream -> stream.device().equals(device));
    }

    /** Puts another configuration in force. */
    void apply(SyncConfig changed, RoutingTable changedTable) {
        config = changed;
        table = changedTable;
        delivery.tableChanged(changedTable);
    }

    /** The operations that this edge serves for messages. */
    List<HostedOperation> operations() {
        List<HostedOperation> all = new ArrayList<>();
        for (InboxService.Operation operation : service.operations()) {
            all.add(new HostedOperation(
                    operation.path(),
                    HostedOperation.Audience.SERVERS,
                    operation.maxBodyBytes(),
                    call -> operation.handler().answer(inboxCall(call))));
        }
        all.add(new HostedOperation("/rialto.Sync/Fetch", HostedOperation.Audience.USERS, FETCH_BYTES, this::fetch));
        all.add(new HostedOperation(Delivery.HINTS, HostedOperation.Audience.SERVERS, HINT_BYTES, this::hints));
        return all;
    }

    private static InboxCall inboxCall(HostedCall call) {
        Duration left = Duration.ofNanos(Math.max(1, call.deadlineNanos() - System.nanoTime()));
        return new InboxCall(call.caller().app(), call.json(), call.message(), left);
    }

    private CompletionStage<byte[]> fetch(HostedCall call) {
        Caller caller = call.caller();
        if (call.json()) {
            return refused(Reason.UNSUPPORTED_MEDIA, "content type (expected: application/proto or gRPC)");
        }
        if (caller.user() == null || caller.device() == null || caller.app() == null) {
            return refused(Reason.IDENTITY_REQUIRED, NO_USER);
        }
        String locale = caller.locale() == null ? "" : caller.locale();
        return delivery.fetch(
                new Device(caller.app(), caller.device(), caller.user(), caller.shard(), caller.epoch(), locale),
                call.message());
    }

    private CompletionStage<byte[]> hints(HostedCall call) {
        try {
            return CompletableFuture.completedFuture(delivery.hints(call.message()));
        } catch (ProtocolException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletionStage<byte[]> refused(Reason reason, String message) {
        return CompletableFuture.failedFuture(new ProtocolException(reason, message));
    }

    @Override
    public void open(StreamCaller caller, byte[] hello, DeviceStream stream) {
        if (caller.user() == null) {
            stream.end(Reason.IDENTITY_REQUIRED, NO_USER);
        } else {
            DeviceAdapter.open(delivery, caller, caller.user(), hello, stream);
        }
    }

    @Override
    public void close() {
        ticks.shutdownNow();
        copies.close();
        webhooks.close();
        waker.close();
        vendors.close();
        schedule.close();
        inbox.close();
        database.close();
        workers.shutdown();
    }
}
