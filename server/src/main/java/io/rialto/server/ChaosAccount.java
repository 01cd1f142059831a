package io.rialto.server;

import io.rialto.server.ChaosBooks.Entry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/**
 * Whether what one user was told is linearizable: whether each entry and each read can be given one moment between its
 * begin and its end, so that entries happen in the order of the ledger and each read sees the balance after the last entry
 * before it.
 *
 * <p>With the order of the entries given this is decided exactly, and quickly. A read of a balance may see any entry after
 * which the balance was that, if that entry may have happened before the read ended and the next one after it began; of two
 * reads, the one that began after the other had ended must not see an earlier entry. As reads have no other bearing on each
 * other, the earliest entry that a read may see is always the best choice.
 */
final class ChaosAccount {
    private final String user;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Integer> begins = new ArrayList<>();
    private final List<Integer> ends = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();

    private record Read(int begin, int end, long balance) {}

    ChaosAccount(String user) {
        this.user = user;
    }

    /**
     * The next entry of the ledger.
     *
     * @param begin it cannot have happened before
     * @param end it cannot have happened after
     */
    void entry(int begin, int end, Entry entry) {
        begins.add(begin);
        ends.add(end);
        entries.add(entry);
    }

    void read(int begin, int end, long balance) {
        reads.add(new Read(begin, end, balance));
    }

    /** What no order explains. */
    List<String> findings() {
        List<String> findings = new ArrayList<>();
        int count = entries.size();
        int[] earliest = new int[count];
        int[] latest = new int[count + 1];
        latest[count] = Integer.MAX_VALUE;
        for (int i = count - 1; i >= 0; i--) {
            latest[i] = Math.min(latest[i + 1], ends.get(i));
        }
        Map<Long, List<Integer>> after = new HashMap<>();
        for (int i = 0; i < count; i++) {
            earliest[i] = Math.max(i == 0 ? 0 : earliest[i - 1], begins.get(i));
            if (earliest[i] > latest[i]) {
                findings.add("account " + user + ": " + entries.get(i) + " was acknowledged at line " + latest[i]
                        + " at the latest, itself or one after it, and it or one before it ordered at line "
                        + earliest[i] + " only");
            }
            after.computeIfAbsent(entries.get(i).balance(), balance -> new ArrayList<>())
                    .add(i);
        }
        reads(after, earliest, latest, findings);
        return findings;
    }

    private record Seen(int end, int entry) {}

    private void reads(Map<Long, List<Integer>> after, int[] earliest, int[] latest, List<String> findings) {
        reads.sort(Comparator.comparingInt(Read::begin));
        PriorityQueue<Seen> running = new PriorityQueue<>(Comparator.comparingInt(Seen::end));
        int floor = 0;
        for (Read read : reads) {
            while (!running.isEmpty() && running.peek().end() < read.begin()) {
                floor = Math.max(floor, running.remove().entry());
            }
            int found = -1;
            for (int entry : after.getOrDefault(read.balance(), List.of())) {
                if (entry >= floor && earliest[entry] <= read.end() && read.begin() <= latest[entry + 1]) {
                    found = entry;
                    break;
                }
            }
            if (found < 0) {
                findings.add("account " + user + ": the balance " + read.balance() + " was told from line "
                        + read.begin() + " to " + read.end() + ", when it could not be that; it was after the entries "
                        + after.getOrDefault(read.balance(), List.of()).stream()
                                .map(entry -> entries.get(entry).sequence())
                                .toList()
                        + " (expected: after entry " + (floor + 1) + " or later)");
            } else {
                running.add(new Seen(read.end(), found));
            }
        }
    }
}
