package io.rialto.cells;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which users must stay within which jurisdiction: by common shard, or by user, which goes before the shard's.
 *
 * @param byShard the jurisdiction of each common shard, empty where its users may be anywhere
 */
record Pins(List<String> byShard, Map<String, String> byUser) {
    Pins {
        byShard = List.copyOf(byShard);
        byUser = Map.copyOf(byUser);
    }

    /** The jurisdiction that the users of a common shard are pinned to. */
    Optional<String> ofShard(int shard) {
        return shard < 0 || shard >= byShard.size() ? Optional.empty() : present(byShard.get(shard));
    }

    /** The jurisdiction of a user whose bucket is this common shard. */
    Optional<String> ofUser(String user, int bucket) {
        @Nullable String own = byUser.get(user);
        return own != null ? Optional.of(own) : ofShard(bucket);
    }

    /** Those of shards alone. */
    Pins ofShards() {
        return new Pins(byShard, Map.of());
    }

    private static Optional<String> present(String jurisdiction) {
        return jurisdiction.isEmpty() ? Optional.empty() : Optional.of(jurisdiction);
    }
}
