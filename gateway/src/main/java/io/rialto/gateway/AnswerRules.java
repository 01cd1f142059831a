package io.rialto.gateway;

import io.netty.util.AsciiString;
import io.rialto.cells.Cell;
import io.rialto.cells.Place;

/** The operator's header rules, and where the user's cell is, for a phone that came to another. */
final class AnswerRules implements AnswerStep {
    /** For caches between here and the caller, which know nothing of who calls. */
    private static final AsciiString PRIVATE = AsciiString.cached("private, no-cache");

    private final EdgeName self;

    AnswerRules(EdgeName self) {
        this.self = self;
    }

    /** Calls to the global cell and to another user's say nothing about where the caller is at home. */
    private static boolean isHome(Exchange x, Place place) {
        if (place.cell().type() == Cell.Type.GLOBAL) {
            return false;
        }
        String user = x.identity.user();
        return user == null
                || x.table.locate(user).cell().id().equals(place.cell().id());
    }

    @Override
    public void take(Exchange x) {
        if (x.operation != null) {
            x.operation.config.response().apply(x.answerHeaders);
        }
        if (x.identity.app() != null
                && x.call.method().contentEquals(Names.GET)
                && !x.answerHeaders.contains(Names.CACHE_CONTROL)) {
            x.answerHeaders.add(Names.CACHE_CONTROL, PRIVATE);
        }
        // Where a pressure test goes is not where its user lives.
        if (x.place != null && !x.shadow && !x.place.cell().id().equals(self.cell()) && isHome(x, x.place)) {
            x.answerHeaders.set(Names.CELL, Locate.hintOf(x.place));
        }
    }
}
