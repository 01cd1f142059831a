package io.rialto.cells.move;

import io.rialto.cells.Fence;
import java.util.Optional;

/**
 * What is next in a move, and what each step makes of a fence's row: functions of what the fences say, and of nothing else.
 * The movers ask them within the transactions that change the rows, and the simulation of movers asks the same ones.
 */
final class MoveRules {
    /** What a mover does after a look at both fences. */
    enum Next {
        /** The target is to copy and to follow; once it does, the source is to be closed. */
        PREPARE_AND_CLOSE,
        /** The source is closed: the target is to be opened when it has everything. */
        OPEN,
        /** The target is open: that is to be published, and what is left of the old copy to be given up. */
        SETTLE,
        /** The target has refused: the source is to go on. */
        TAKE_BACK,
        /** The target has the shard otherwise than a target does. */
        TARGET_UNFIT,
        /** The source has the shard otherwise than a source does. */
        SOURCE_UNFIT
    }

    private MoveRules() {}

    static Next next(Grant grant, Held source, Held target) {
        if (target.openedBy(grant.epoch())) {
            return Next.SETTLE;
        }
        if (target.isAt(Fence.State.REFUSED, grant.epoch())) {
            return Next.TAKE_BACK;
        }
        if (!mayReplace(grant, target)) {
            return Next.TARGET_UNFIT;
        }
        if (source.isAt(Fence.State.CLOSED, grant.epoch())) {
            return Next.OPEN;
        }
        boolean serves =
                source.row().state() == Fence.State.OPEN && source.row().epoch() < grant.epoch();
        return serves ? Next.PREPARE_AND_CLOSE : Next.SOURCE_UNFIT;
    }

    /** Whether the target's copy may be deleted and made anew. */
    static boolean mayReplace(Grant grant, Held target) {
        return target.purgeable() && target.row().epoch() < grant.epoch();
    }

    /**
     * The target as it is while a new copy comes in: no longer retired, since who has given up the old copy, and slept since,
     * would delete the new one. Empty where it may not be replaced.
     */
    static Optional<Held> replace(Grant grant, Held target) {
        if (!mayReplace(grant, target)) {
            return Optional.empty();
        }
        return Optional.of(
                target.row().state() == Fence.State.RETIRED
                        ? target.becomes(Fence.State.ABSENT, target.row().epoch(), Optional.empty())
                        : target);
    }

    /** The source closed, with a token of the epoch; empty where it is not to be closed by this grant (any more). */
    static Optional<Held> close(Grant grant, Held source, String next) {
        boolean may = source.row().state() == Fence.State.OPEN
                && source.row().epoch() < grant.epoch()
                && source.barred() < grant.epoch();
        return may
                ? Optional.of(source.becomes(Fence.State.CLOSED, grant.epoch(), Optional.of(next)))
                : Optional.empty();
    }

    /** The target open, where it has all that was committed before the close, as the token says. */
    static Optional<Held> open(Grant grant, Held target, boolean token) {
        return mayReplace(grant, target) && token
                ? Optional.of(target.becomes(Fence.State.OPEN, grant.epoch(), Optional.empty()))
                : Optional.empty();
    }

    /** The target never to be opened by this grant; empty where it has been. */
    static Optional<Held> refuse(Grant grant, Held target) {
        return mayReplace(grant, target) || target.isAt(Fence.State.REFUSED, grant.epoch())
                ? Optional.of(target.becomes(Fence.State.REFUSED, grant.epoch(), Optional.empty()))
                : Optional.empty();
    }

    /** The source as it goes on, never to be closed by this grant: once the target has refused it for good. */
    static Optional<Held> reopen(Grant grant, Held source, Held target) {
        if (!target.isAt(Fence.State.REFUSED, grant.epoch())) {
            return Optional.empty();
        }
        Held goesOn = source.isAt(Fence.State.CLOSED, grant.epoch())
                ? source.becomes(Fence.State.OPEN, grant.epoch(), Optional.empty())
                : source;
        return Optional.of(goesOn.barring(grant.epoch()));
    }

    /** The source's closed copy given up, once the target has opened for good. */
    static Optional<Held> retire(Grant grant, Held source, Held target) {
        return target.openedBy(grant.epoch()) && source.isAt(Fence.State.CLOSED, grant.epoch())
                ? Optional.of(source.becomes(
                        Fence.State.RETIRED, grant.epoch(), source.row().next()))
                : Optional.empty();
    }

    /** Whether the source's copy may be deleted. */
    static boolean mayPurge(Grant grant, Held source) {
        return source.isAt(Fence.State.RETIRED, grant.epoch());
    }

    /** The two rows of a single user who leaves the common shard, or comes back to it. */
    record Both(Held common, Held own) {}

    /** Both open, the common one at an epoch that no table before knows; empty where the user is not to leave it so. */
    static Optional<Both> part(Split split, Both held) {
        boolean may = held.common().row().state() == Fence.State.OPEN
                && held.common().row().epoch() < split.commonEpoch()
                && held.common().barred() < split.commonEpoch()
                && held.own().purgeable()
                && held.own().row().epoch() < split.epoch();
        return may
                ? Optional.of(new Both(
                        held.common().becomes(Fence.State.OPEN, split.commonEpoch(), Optional.empty()),
                        held.own().becomes(Fence.State.OPEN, split.epoch(), Optional.empty())))
                : Optional.empty();
    }

    static boolean isApart(Split split, Held own) {
        return own.openedBy(split.epoch());
    }

    /** The own shard given up; the common one takes writes of old routes as before, which have always found their rows. */
    static Optional<Both> comeHome(Split split, Both held) {
        boolean may = held.common().row().state() == Fence.State.OPEN
                && held.own().row().state() == Fence.State.OPEN
                && held.own().row().epoch() < split.epoch()
                && held.own().barred() < split.epoch();
        return may
                ? Optional.of(new Both(
                        held.common(), held.own().becomes(Fence.State.RETIRED, split.epoch(), Optional.empty())))
                : Optional.empty();
    }

    static boolean isHome(Split split, Held own) {
        return own.isAt(Fence.State.RETIRED, split.epoch());
    }

    /** Never to be done any more; empty where it has been. */
    static Optional<Both> bar(Split split, Both held) {
        if (split.state() == Split.State.PARTING) {
            return isApart(split, held.own())
                    ? Optional.empty()
                    : Optional.of(new Both(held.common().barring(split.commonEpoch()), held.own()));
        }
        return isHome(split, held.own())
                ? Optional.empty()
                : Optional.of(new Both(held.common(), held.own().barring(split.epoch())));
    }
}
