package io.rialto.cells.failover;

/** Control's memory, in this process. */
final class MemoryLedger implements Ledger {
    private UnitServers unit;

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
}
