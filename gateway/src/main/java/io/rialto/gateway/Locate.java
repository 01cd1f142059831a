package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.protocol.Caller;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import org.jspecify.annotations.Nullable;

/** In which cell the call is served: here, or in another one, to which it is forwarded once. */
final class Locate implements Step {
    /** A user id is short; a longer hint is none. */
    private static final int MAX_HINT = 128;

    private final EdgeName self;

    Locate(EdgeName self) {
        this.self = self;
    }

    @Override
    public Progress take(Exchange x) throws ProtocolException {
        OperationState operation = x.operation;
        if (operation == null) {
            return Progress.CONTINUE; // the gateway's own
        }
        x.shadow = Shadows.isShadow(x);
        Place place = place(x, operation.config);
        if (x.shadow) {
            place = Shadows.require(x, operation, place);
        }
        place = newest(x, place);
        x.place = place;
        x.forward = false;
        if (place == null || place.cell().id().equals(self.cell())) {
            return Progress.CONTINUE;
        }
        if (operation.isStream()) {
            throw new ProtocolException(Reason.WRONG_CELL, movedTo(place));
        }
        Caller caller = x.identity.caller();
        if (caller != null && caller.hops() > 0) {
            refuse(place, caller);
        }
        x.forward = true;
        return Progress.CONTINUE;
    }

    /**
     * The table's place, or a newer one: where the fence said that the shard goes, or here, where the edge that forwarded the
     * call was told so. Whether the shard has come already is for the fence to say.
     */
    private @Nullable Place newest(Exchange x, @Nullable Place place) {
        if (place == null) {
            return null;
        }
        Place moved = x.moved;
        if (moved != null && moved.shard() == place.shard() && moved.epoch() > place.epoch()) {
            return moved;
        }
        Caller caller = x.identity.caller();
        if (caller != null && caller.hops() > 0 && caller.shard() == place.shard() && caller.epoch() > place.epoch()) {
            return at(x.table, place.shard(), caller.epoch(), self.cell());
        }
        return place;
    }

    /** A shard in a cell; null where the table has no such cell, or no unit in it. */
    static @Nullable Place at(RoutingTable table, int shard, long epoch, String cell) {
        return table.units().stream()
                .filter(unit -> unit.cell().equals(cell))
                .findFirst()
                .map(unit -> new Place(shard, epoch, unit, table.cell(cell).orElseThrow()))
                .orElse(null);
    }

    /** Where an operation's data is by the call's table; null where any cell will do. */
    static @Nullable Place place(Exchange x, OperationConfig config) throws ProtocolException {
        RoutingTable table = x.table;
        return switch (config.route()) {
            case LOCAL -> null;
            case GLOBAL -> x.shadow ? table.globalShadow().orElse(null) : table.global();
            case USER -> {
                String user = x.identity.user();
                if (user == null && x.operation != null && x.operation.isStream()) {
                    yield null; // of a device that nobody has logged in on
                }
                if (user == null) {
                    throw new ProtocolException(
                            Reason.NO_ROUTE, config.name() + " is routed by user (expected: a call that acts for one)");
                }
                yield of(x, user);
            }
            case HINT -> of(x, hint(x, config));
        };
    }

    private static @Nullable Place of(Exchange x, String user) {
        RoutingTable table = x.table;
        return x.shadow ? table.shadow(user).orElse(null) : table.locate(user);
    }

    private static String hint(Exchange x, OperationConfig config) throws ProtocolException {
        int index = x.headers.indexOf(Names.ROUTE, 0);
        AsciiString hint = index < 0 ? null : x.headers.value(index);
        // Of several, joined to one field or not, a reader further on might take another one than this edge.
        boolean several = hint != null && (hint.contains(",") || x.headers.indexOf(Names.ROUTE, index + 1) >= 0);
        if (hint != null && !hint.isEmpty() && hint.length() <= MAX_HINT && !several) {
            return hint.toString();
        }
        String user = x.identity.user();
        if (user == null || hint != null) {
            throw new ProtocolException(
                    Reason.NO_ROUTE,
                    config.name() + " is routed by rialto-route (expected: one user id in it, without a comma)");
        }
        return user;
    }

    /** The other edge and this one do not agree; whose table is newer says which of them was wrong. */
    private void refuse(Place place, Caller caller) throws ProtocolException {
        if (caller.shard() == place.shard() && caller.epoch() >= place.epoch()) {
            throw new ProtocolException(
                    Reason.FORWARDED_TWICE,
                    "shard " + place.shard() + " is of cell " + place.cell().id() + " at epoch "
                            + place.epoch() + " as " + self.cell() + " knows it (expected: a table as new as epoch "
                            + caller.epoch() + ")");
        }
        throw new ProtocolException(Reason.WRONG_CELL, movedTo(place));
    }

    static String movedTo(Place place) {
        return "shard " + place.shard() + " is of cell " + place.cell().id() + " since epoch " + place.epoch()
                + " (expected: sent there)";
    }

    /** The value of {@code rialto-cell}. */
    static String hintOf(Place place) {
        StringBuilder hint = new StringBuilder(place.cell().id());
        hint.append(";shard=").append(place.shard()).append(";epoch=").append(place.epoch());
        if (!place.cell().publicUrls().isEmpty()) {
            hint.append(";at=").append(place.cell().publicUrls().get(0));
        }
        return hint.toString();
    }
}
