package io.rialto.server;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.cells.Unit;
import io.rialto.cells.failover.Ledger;
import io.rialto.cells.failover.Standbys;
import io.rialto.cells.failover.UnitServers;
import io.rialto.cells.move.Grant;
import io.rialto.cells.move.Moves;
import io.rialto.control.ControlStore;
import io.rialto.control.PutResult;
import io.rialto.node.Json;
import java.io.IOException;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/** What control's store has about the servers of a unit. */
final class UnitLedger implements Ledger {
    /** Others change other sections meanwhile; more often than this in a row is a fault. */
    private static final int TRIES = 50;

    private static final String AUTHOR = "failover";

    private final ControlStore store;
    private final String unit;

    UnitLedger(ControlStore store, String unit) {
        this.store = store;
        this.unit = unit;
    }

    /** The unit, where control has it. */
    Optional<UnitServers> find() {
        return store.section(Standbys.SECTION).flatMap(section -> Standbys.unit(section, unit));
    }

    @Override
    public UnitServers read() throws IOException {
        return find().orElseThrow(() -> new IOException("unit " + unit
                + ": control has nothing about its servers (expected: it in section " + Standbys.SECTION + ")"));
    }

    /** Makes the unit known. */
    void add(UnitServers first) throws IOException {
        for (int i = 0; i < TRIES && find().isEmpty(); i++) {
            long version = store.version();
            put(version, Map.of(Standbys.SECTION, Standbys.with(section(), first)));
        }
    }

    @Override
    public boolean replace(UnitServers before, UnitServers after) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            // The version first: what is read after it is as new at least, and a change between is a conflict.
            long version = store.version();
            if (!read().equals(before)) {
                return false;
            }
            Map<String, JsonNode> changes = new LinkedHashMap<>();
            changes.put(Standbys.SECTION, Standbys.with(section(), after));
            if (after.phase() == UnitServers.Phase.OPEN) {
                store.section(RoutingTable.SECTION)
                        .ifPresent(table -> changes.put(RoutingTable.SECTION, generation(table, after)));
            }
            if (put(version, changes)) {
                return true;
            }
        }
        throw new IOException("unit " + unit + ": control's configuration changes all the time (expected: " + TRIES
                + " tries to be enough)");
    }

    /** What the unit gave away, or is giving away, where the move was not cancelled. */
    @Override
    public List<Elsewhere> elsewhere() throws IOException {
        try {
            RoutingTable table = RoutingTable.parse(store.section(RoutingTable.SECTION)
                    .orElseThrow(() -> new IOException("control has no routing table (expected: one)")));
            return Moves.parse(store.section(Moves.SECTION).orElseGet(MissingNode::getInstance)).grants().stream()
                    .filter(grant -> grant.from().equals(unit) && grant.state() != Grant.State.CANCELLED)
                    .map(grant -> new Elsewhere(
                            grant.shard(),
                            grant.epoch(),
                            table.unit(grant.to()).map(Unit::cell).orElse(grant.to()),
                            grant.state() == Grant.State.MOVED))
                    .toList();
        } catch (TableException e) {
            throw new IOException("control's routing table: " + e.getMessage(), e);
        }
    }

    private JsonNode section() {
        return store.section(Standbys.SECTION).orElseGet(Json.mapper()::createObjectNode);
    }

    private boolean put(long version, Map<String, JsonNode> changes) throws IOException {
        try {
            return switch (store.put(changes, version, AUTHOR)) {
                case PutResult.Accepted accepted -> true;
                case PutResult.Conflict conflict -> false;
                case PutResult.Invalid invalid ->
                    throw new IOException("unit " + unit + ": control refuses: " + String.join("; ", invalid.errors()));
            };
        } catch (SQLException e) {
            throw new IOException("unit " + unit + ": control's database does not answer: " + e.getMessage(), e);
        }
    }

    private static JsonNode generation(JsonNode table, UnitServers open) {
        ObjectNode next = table.deepCopy().asObject();
        for (JsonNode one : next.path("units")) {
            if (one.path("id").asString("").equals(open.unit())) {
                one.asObject().put("generation", open.generation());
            }
        }
        return next;
    }
}
