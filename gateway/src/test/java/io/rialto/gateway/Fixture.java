package io.rialto.gateway;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.transport.InboundCall;
import io.rialto.gateway.upstream.Upstream;
import io.rialto.protocol.Caller;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKeyPair;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An edge {@code east-1} with a clock that stands still, a backend in memory, and counters to look at. */
final class Fixture implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();
    static final String TABLE = """
            {"shards": 100,
             "cells": [
              {"id": "east", "type": "regional", "city": "here", "public": ["https://127.0.0.1:8443"],
               "nodes": [{"id": "east-1", "internal": "127.0.0.1:9001"}, {"id": "east-2", "internal": "127.0.0.1:9002"},
                         {"id": "east-3", "internal": "127.0.0.1:9003"}]},
              {"id": "west", "type": "regional", "city": "there", "public": ["https://127.0.0.1:8444"],
               "nodes": [{"id": "west-1", "internal": "127.0.0.1:9004"}]},
              {"id": "global", "type": "global", "city": "here", "public": [], "nodes": []}],
             "units": [{"id": "u-east", "generation": 1, "cell": "east"}, {"id": "u-west", "generation": 1, "cell": "west"},
                       {"id": "u-global", "generation": 1, "cell": "global"}],
             "assignments": [{"from": 0, "to": 49, "unit": "u-east", "epoch": 1}, {"from": 50, "to": 99, "unit": "u-west", "epoch": 4}],
             "overrides": [],
             "global": {"unit": "u-global", "epoch": 1, "shard": -1}}
            """;
    static final byte[] CALLER_KEY = new byte[32];
    static final CallerTokens CALLERS = new CallerTokens(Map.of("k1", CALLER_KEY), "k1");

    final SecureRandom random = new SecureRandom();
    final AtomicLong millis =
            new AtomicLong(Instant.parse("2026-05-01T00:00:00Z").toEpochMilli());
    final AtomicLong nanos = new AtomicLong(1_000_000_000L);
    final AtomicLong queueDelayNanos = new AtomicLong();
    final EventLoop loop = new DefaultEventLoop();
    final FakeUpstream backend = new FakeUpstream();
    final FakeUpstream west = new FakeUpstream();
    final Map<String, Upstream> nodes = new ConcurrentHashMap<>();
    final Map<Reason, Integer> refused = new ConcurrentHashMap<>();
    final Map<String, Integer> answered = new ConcurrentHashMap<>();
    final ServerKeyPair serverKey = ServerKeyPair.generate(1, random);
    final EdgeName self;
    final Keys keys;
    final RoutingTable table;
    final Gateway gateway;
    volatile boolean backendGone;

    /** Cells of which no edge answers. */
    final Set<String> away = ConcurrentHashMap.newKeySet();

    /** Serves the operations that phones call and this node hosts. */
    volatile Function<HostedCall, CompletionStage<byte[]>> hosts =
            call -> CompletableFuture.completedStage(call.message());

    /** Those that backends were asked for. */
    final List<String> colours = new CopyOnWriteArrayList<>();

    final FakeStreams streams = new FakeStreams();
    volatile String jwks = "{\"keys\": []}";
    /** Who called an operation of another room. */
    final List<String> registrars = new CopyOnWriteArrayList<>();

    final AtomicInteger jwkFetches = new AtomicInteger();

    /** One permit for each fetch that waits at the gate. */
    final Semaphore jwksAsked = new Semaphore(0);

    volatile CountDownLatch jwksGate = new CountDownLatch(0);

    Fixture(String gatewayJson) throws Exception {
        this("east-1", gatewayJson, null);
    }

    /** @param keysJson the section of keys, or null for one of each that never ends */
    Fixture(String node, String gatewayJson, @Nullable String keysJson) throws Exception {
        self = new EdgeName("east", node, "boot1");
        keys = Keys.parse(JSON.readTree(keysJson == null ? keysJson(serverKey) : keysJson));
        table = RoutingTable.parse(JSON.readTree(TABLE));
        gateway = new Gateway(ports(), config(gatewayJson), keys, table);
    }

    static GatewayConfig config(String json) throws Exception {
        return GatewayConfig.parse(JSON.readTree(json));
    }

    /** A configuration with the apps wallet and other, and these operations. */
    static String operations(String... operations) {
        return """
            {"apps": [{"id": "wallet", "cors-origins": ["https://app.example"], "revoked-devices": ["revoked"]}, {"id": "other"}],
             "backends": [{"service": "wallet"}],
             "operations": [%s]}""".formatted(String.join(",", operations));
    }

    static String keysJson(ServerKeyPair server) {
        return """
            {"server": [{"suite": 1, "private": "%s", "public": "%s"}],
             "credential": [{"id": 1, "key": "%s"}], "session": [{"id": 1, "key": "%s"}], "ticket": [{"id": 1, "key": "%s"}],
             "caller": [{"id": "k1", "key": "%s"}]}""".formatted(
                b64(server.privateKey()), b64(server.key().publicKey()), key(1), key(2), key(3), b64(CALLER_KEY));
    }

    static String key(int fill) {
        byte[] key = new byte[32];
        java.util.Arrays.fill(key, (byte) fill);
        return b64(key);
    }

    static String b64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private GatewayPorts ports() {
        return new GatewayPorts(
                self,
                new FakeDestinations(),
                () -> Instant.ofEpochMilli(millis.get()),
                nanos::get,
                random,
                url -> {
                    jwkFetches.incrementAndGet();
                    jwksAsked.release();
                    jwksGate.await();
                    if (jwks.isEmpty()) {
                        throw new IOException("down");
                    }
                    return jwks;
                },
                loop -> queueDelayNanos.get(),
                new Counts(),
                () -> loop,
                hosted(),
                streams,
                () -> "metric 1\n",
                () -> true);
    }

    private List<HostedOperation> hosted() {
        return List.of(
                new HostedOperation(
                        "/rialto.Backends/Register", HostedOperation.Audience.SERVERS, 1024, this::register),
                new HostedOperation(
                        "/rialto.Backends/Deregister", HostedOperation.Audience.SERVERS, 1024, this::register),
                new HostedOperation("/rialto.Sync/Fetch", HostedOperation.Audience.USERS, 1024, this::host),
                new HostedOperation("/rialto.Sync/Register", HostedOperation.Audience.DEVICES, 1024, this::host));
    }

    private CompletionStage<byte[]> register(HostedCall call) {
        registrars.add(call.caller().issuer());
        return CompletableFuture.completedStage(call.message());
    }

    private CompletionStage<byte[]> host(HostedCall call) {
        return hosts.apply(call);
    }

    private final class FakeDestinations implements Destinations {
        @Override
        public @Nullable Upstream backend(String service, String colour) {
            colours.add(colour);
            return service.equals("wallet") && !backendGone ? backend : null;
        }

        @Override
        public @Nullable Upstream cell(String cell) {
            return cell.equals("west") ? west : null;
        }

        @Override
        public boolean isWell(String cell) {
            return !away.contains(cell);
        }

        @Override
        public @Nullable Upstream node(String node) {
            return nodes.get(node);
        }
    }

    private final class Counts implements GatewayMeters {
        @Override
        public void answered(String operation, int status, long nanos) {
            answered.merge(operation, 1, Integer::sum);
        }

        @Override
        public void refused(Reason reason) {
            refused.merge(reason, 1, Integer::sum);
        }
    }

    FakeCall post(String path, String body) {
        return new FakeCall(loop, InboundCall.Listener.PUBLIC, "POST", path)
                .header("content-type", "application/json")
                .arrived(nanos.get())
                .body(body);
    }

    FakeCall call(String method, String path) {
        return new FakeCall(loop, InboundCall.Listener.PUBLIC, method, path).arrived(nanos.get());
    }

    FakeCall internal(String method, String path) {
        return new FakeCall(loop, InboundCall.Listener.INTERNAL, method, path).arrived(nanos.get());
    }

    /** A call of another server for a user. */
    FakeCall fromServer(String operation, @Nullable String user, int hops, int shard, long epoch) {
        Caller caller = Caller.builder("west-1", operation, millis.get(), millis.get() + 10_000)
                .app("wallet")
                .device(user == null ? null : "device-1")
                .user(user)
                .shard(shard)
                .epoch(epoch)
                .hops(hops)
                .build();
        return internal("POST", "/" + operation)
                .header("content-type", "application/json")
                .header("rialto-caller", CALLERS.mint(caller));
    }

    void advance(long duration, TimeUnit unit) {
        nanos.addAndGet(unit.toNanos(duration));
        millis.addAndGet(unit.toMillis(duration));
    }

    /** A call as the steps see it before the first of them. */
    Exchange exchange(FakeCall call) {
        return new Exchange(gateway, gateway.state(), new LoopState(1), call, millis.get());
    }

    /** A user whose shard is of the cell. */
    String userOf(String cell) {
        for (int i = 0; i < 10_000; i++) {
            String user = String.format("1%011d", i);
            if (table.locate(user).cell().id().equals(cell)) {
                return user;
            }
        }
        throw new IllegalStateException("no user in " + cell);
    }

    static JsonNode json(String text) {
        return JSON.readTree(text);
    }

    static List<String> names(HeaderList headers) {
        List<String> names = new java.util.ArrayList<>();
        for (int i = 0; i < headers.size(); i++) {
            names.add(headers.name(i).toString());
        }
        return names;
    }

    @Override
    public void close() {
        gateway.close();
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }
}
