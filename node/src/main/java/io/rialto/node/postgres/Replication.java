package io.rialto.node.postgres;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What a server is told about the group of servers that it belongs to. It is the same on all of them, whichever is the
 * primary now, so a standby that is promoted acknowledges nothing before enough of the others follow it.
 *
 * @param name of this server, by which a primary knows it
 * @param members names of all servers of the group
 * @param quorum how many of the others must have flushed a write before it is acknowledged; 0 where there is no other
 */
public record Replication(String name, List<String> members, int quorum) {
    public Replication {
        members = List.copyOf(members);
        if (!members.contains(name)) {
            throw new IllegalArgumentException("name: " + name + " (expected: one of the members " + members + ")");
        }
        int others = members.size() - 1;
        if (quorum < Math.min(1, others) || quorum > others) {
            throw new IllegalArgumentException(
                    "quorum: " + quorum + " (expected: " + Math.min(1, others) + ".." + others + ")");
        }
        for (String member : members) {
            if (!member.matches("[a-z0-9][a-z0-9-]{0,62}")) {
                throw new IllegalArgumentException(
                        "member: " + member + " (expected: lower-case letters, digits and dashes)");
            }
        }
    }

    /** One that waits for nobody, be it the only one or a copy that nobody waits for. */
    static Replication alone(String name) {
        return new Replication(name, List.of(name), 0);
    }

    /** Of {@code synchronous_standby_names}; empty only where there is no other. */
    String synchronousStandbyNames() {
        if (quorum == 0) {
            return "";
        }
        return members.stream()
                .filter(member -> !member.equals(name))
                .map(member -> "\"" + member + "\"")
                .collect(Collectors.joining(", ", "ANY " + quorum + " (", ")"));
    }

    /** Settings of a server that ships its log, or takes that of another; the server's name is its application name. */
    List<String> settings() {
        return List.of(
                "cluster_name=" + name,
                // On the command line, where nobody can empty it: a primary that lost its standbys waits.
                "synchronous_standby_names=" + synchronousStandbyNames(),
                "hot_standby=on",
                "recovery_target_timeline=latest",
                "wal_receiver_timeout=2s",
                "wal_receiver_status_interval=1s",
                "wal_retrieve_retry_interval=200ms",
                // Instead of slots, which would fill the primary's disk for a standby that never comes back.
                "wal_keep_size=512MB");
    }
}
