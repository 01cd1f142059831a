package io.rialto.cells.failover;

import java.util.List;

/** Control's memory, in this process. */
final class MemoryLedger implements Ledger {
    private UnitServers unit;
    private List<Elsewhere> elsewhere = List.of();

    MemoryLedger(UnitServers first) {
        unit = first;
    }

    @Override
    public synchronized UnitServers read() {
        return unit;
    }

    @Override
    public synchronized boolean replace(UnitServers before, UnitServers after) {
        if (!unit.equals(before)) {
            return false;
        }
        unit = after;
        return true;
    }

    void elsewhere(List<Elsewhere> shards) {
        elsewhere = shards;
    }

    @Override
    public List<Elsewhere> elsewhere() {
        return elsewhere;
    }
}
