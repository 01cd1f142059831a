package io.rialto.gateway;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.App;
import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.Tokens;
import io.rialto.gateway.limit.CellRates;
import io.rialto.gateway.limit.TokenBucket;
import io.rialto.protocol.CallerTokens;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.ServerKeyPair;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One configuration with all that follows from it; immutable but for the memories of its operations and apps. */
final class GatewayState {
    final GatewayConfig config;
    final Keys keys;
    final RoutingTable table;
    final Tokens tokens;
    final CallerTokens callers;

    /** Null where there is no key to sign it with. */
    final @Nullable Directory directory;

    final DnsAnswers dns;
    final long queueDelayNanos;

    private final Map<String, OperationState> operations = new HashMap<>();
    private final Map<String, TokenBucket> appRates = new HashMap<>();
    private final Map<Integer, ServerKeyPair> serverKeys = new HashMap<>();
    private final Instant validUntil;

    /** Made when first asked for; two threads that both make it make the same. */
    private volatile CellRates.@Nullable Nodes nodes;

    /**
     * A state.
     *
     * @param before what it takes over from, so that what did not change keeps its memory; or null
     * @param own operations that this node answers
     */
    GatewayState(
            GatewayConfig config,
            Keys keys,
            RoutingTable table,
            @Nullable GatewayState before,
            Map<String, OperationState> own,
            SecureRandom random,
            Instant now,
            long nowNanos) {
        this.config = config;
        this.keys = keys;
        this.table = table;
        this.tokens = new Tokens(keys, random);
        this.directory = Directory.of(table, keys, now);
        this.dns = new DnsAnswers(table);
        this.callers = callers(keys, now);
        this.queueDelayNanos = config.bounds().queueDelayMillis() * 1_000_000L;
        for (Map.Entry<String, OperationConfig> entry : config.operations().entrySet()) {
            OperationState old = before == null ? null : before.operations.get(entry.getKey());
            boolean same = old != null && old.config.equals(entry.getValue());
            operations.put(entry.getKey(), same ? old : new OperationState(entry.getValue(), nowNanos));
        }
        operations.putAll(own);
        for (App app : config.apps().values()) {
            keepRate(app, before, nowNanos);
        }
        for (Keys.Server key : keys.server()) {
            if (key.term().covers(now)) {
                serverKeys.put(key.pair().key().id(), key.pair());
            }
        }
        this.validUntil = nextChange(keys, now);
    }

    private void keepRate(App app, @Nullable GatewayState before, long nowNanos) {
        if (app.ratePerSecond() == 0) {
            return;
        }
        App old = before == null ? null : before.config.apps().get(app.id());
        TokenBucket kept = before == null ? null : before.appRates.get(app.id());
        boolean same = kept != null && old != null && old.ratePerSecond() == app.ratePerSecond();
        appRates.put(app.id(), same ? kept : new TokenBucket(app.ratePerSecond(), app.ratePerSecond(), nowNanos));
    }

    private static CallerTokens callers(Keys keys, Instant now) {
        Map<String, byte[]> valid = new HashMap<>();
        Keys.Caller newest = null;
        for (Keys.Caller key : keys.caller()) {
            // A key that has not begun is accepted already: another server's clock may be ahead of ours.
            if (now.isBefore(key.term().until())) {
                valid.put(key.id(), key.key());
                boolean begun = key.term().covers(now);
                if (begun
                        && (newest == null
                                || key.term().from().isAfter(newest.term().from()))) {
                    newest = key;
                }
            }
        }
        if (newest == null) {
            throw new IllegalArgumentException("keys.caller: none is valid at " + now + " (expected: one)");
        }
        return new CallerTokens(valid, newest.id());
    }

    private static Instant nextChange(Keys keys, Instant now) {
        List<Keys.Term> terms = new ArrayList<>();
        keys.server().forEach(key -> terms.add(key.term()));
        keys.caller().forEach(key -> terms.add(key.term()));
        keys.directory().forEach(key -> terms.add(key.term()));
        Instant next = Instant.MAX;
        for (Keys.Term term : terms) {
            for (Instant change : List.of(term.from(), term.until())) {
                if (change.isAfter(now) && change.isBefore(next)) {
                    next = change;
                }
            }
        }
        return next;
    }

    /** Whether a key has begun or ended since this was made. */
    boolean isOutdated(Instant now) {
        return !now.isBefore(validUntil);
    }

    /** The nodes of an edge's own cell; itself alone where the table does not know it. */
    CellRates.Nodes nodes(EdgeName self) {
        CellRates.Nodes known = nodes;
        if (known == null) {
            known = new CellRates.Nodes(
                    self.node(),
                    table.cell(self.cell())
                            .map(cell -> UserRates.ids(cell.nodes()))
                            .orElse(List.of(self.node())));
            nodes = known;
        }
        return known;
    }

    @Nullable
    OperationState operation(String path) {
        return operations.get(path);
    }

    @Nullable
    ServerKeyPair serverKey(int id) {
        return serverKeys.get(id);
    }

    List<ServerKeyPair> serverKeys() {
        return List.copyOf(serverKeys.values());
    }

    App app(@Nullable String id) throws ProtocolException {
        App app = id == null ? null : config.apps().get(id);
        if (app == null) {
            throw new ProtocolException(Reason.WRONG_APP, "app: " + id + " (expected: an app of this platform)");
        }
        return app;
    }

    /** Nanoseconds to wait for a place in the app's own rate; 0 where the call has one. */
    long takeApp(@Nullable String app, long nowNanos) {
        TokenBucket bucket = app == null ? null : appRates.get(app);
        return bucket == null ? 0 : bucket.take(nowNanos);
    }

    /** Refuses devices that were revoked and apps that are gone. */
    Identity checked(Identity identity) throws ProtocolException {
        App app = app(identity.app());
        if (identity.device() != null && app.revokedDevices().contains(identity.device())) {
            throw new ProtocolException(Reason.REVOKED_DEVICE, "device " + identity.device() + " was revoked");
        }
        return identity;
    }
}
