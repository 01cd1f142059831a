package io.rialto.cells;

import io.rialto.protocol.Buckets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How users are spread over the deploy units of their cells.
 *
 * @param salt a new one deals all users out anew; it also keeps the side of a user apart from the user's shard
 * @param byUser users whose colour is said, where their cell has it
 */
record Colours(String salt, Map<String, String> byUser) {
    Colours {
        byUser = Map.copyOf(byUser);
    }

    String of(String userId, List<DeployUnit> units) {
        if (units.isEmpty()) {
            return "";
        }
        @Nullable String own = byUser.isEmpty() ? null : byUser.get(userId);
        if (own != null && units.stream().anyMatch(unit -> unit.colour().equals(own))) {
            return own;
        }
        int point = Buckets.of(salt + '/' + userId, DeployUnit.WHOLE);
        for (DeployUnit unit : units) {
            if (point < unit.weight()) {
                return unit.colour();
            }
            point -= unit.weight();
        }
        throw new IllegalStateException("weights: below " + DeployUnit.WHOLE + " (expected: that together)");
    }
}
