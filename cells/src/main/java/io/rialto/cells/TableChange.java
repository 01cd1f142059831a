package io.rialto.cells;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a change of the routing table must not do, though the new table is sound by itself: let an epoch or a generation
 * fall, change an owner without raising them, deal users out anew, or take a pin off users and move them at one stroke.
 */
final class TableChange {
    /** A person mends the first of them; all shards may be wrong at once. */
    private static final int MAX_ERRORS = 100;

    private final RoutingTable before;
    private final RoutingTable after;
    private final List<String> errors = new ArrayList<>();

    private TableChange(RoutingTable before, RoutingTable after) {
        this.before = before;
        this.after = after;
    }

    /** What is wrong with a section, and with putting it in place of the one in force; empty where all is well. */
    static List<String> errors(Optional<JsonNode> before, JsonNode after) {
        RoutingTable next;
        try {
            next = RoutingTable.parse(after);
        } catch (TableException e) {
            return e.errors();
        }
        if (before.isEmpty()) {
            return List.of();
        }
        try {
            return errors(RoutingTable.parse(before.get()), next);
        } catch (TableException e) {
            // An older version of this program accepted it; a table that can be read is better than one that cannot.
            return List.of();
        }
    }

    /** What is wrong with replacing a table by another one. */
    static List<String> errors(RoutingTable before, RoutingTable after) {
        TableChange change = new TableChange(before, after);
        change.check();
        return change.errors.size() <= MAX_ERRORS ? change.errors : change.errors.subList(0, MAX_ERRORS);
    }

    private void check() {
        if (before.shards() != after.shards()) {
            errors.add("table.shards: " + after.shards() + " (expected: " + before.shards()
                    + " for ever; another number would look for every user's data elsewhere)");
            return;
        }
        before.places().forEach(this::checkEpoch);
        before.shadowPlaces().forEach(this::checkShadow);
        before.units().forEach(this::checkUnit);
        before.overrides().forEach(this::checkOwner);
        for (TableRules.Displaced displaced : after.displacedBy(before)) {
            errors.add("table.pins: " + displaced.value() + ", who was pinned until this change (expected: "
                    + displaced.expected() + "; where the pin may really be lifted, publish that first by itself)");
        }
    }

    private void checkEpoch(Place old) {
        after.place(old.shard()).ifPresent(now -> checkEpoch(old, now));
    }

    private void checkShadow(Place old) {
        after.shadowPlaces().stream()
                .filter(now -> now.shard() == old.shard())
                .findFirst()
                .ifPresent(now -> checkEpoch(old, now));
    }

    private void checkEpoch(Place old, Place now) {
        boolean moved = !old.unit().id().equals(now.unit().id());
        if (now.epoch() < old.epoch() || moved && now.epoch() == old.epoch()) {
            errors.add("table: shard " + now.shard() + " in unit " + now.unit().id() + " at epoch " + now.epoch()
                    + " (expected: " + (moved ? "above " : "at least ") + old.epoch() + ", its epoch in unit "
                    + old.unit().id() + "; data is moved by 'cells move', not by the table)");
        }
    }

    private void checkUnit(Unit old) {
        after.unit(old.id()).ifPresent(now -> {
            boolean moved = !old.cell().equals(now.cell());
            if (now.generation() < old.generation() || moved && now.generation() == old.generation()) {
                errors.add("table: unit " + now.id() + " in cell " + now.cell() + " at generation " + now.generation()
                        + " (expected: " + (moved ? "above " : "at least ") + old.generation()
                        + ", its generation in cell " + old.cell() + ")");
            }
        });
    }

    private void checkOwner(String user, Place old) {
        after.overrides().forEach((other, now) -> {
            if (now.shard() == old.shard() && !other.equals(user)) {
                errors.add("table.overrides: shard " + now.shard() + " for another user (expected: " + user
                        + ", whose rows it marks)");
            }
        });
    }
}
