package io.rialto.sync;

import com.google.protobuf.ByteString;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.sync.SyncKey;
import io.rialto.sync.wire.Broadcast;
import io.rialto.sync.wire.BroadcastPage;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Pages of messages to everyone, as one cell sends them to another. */
final class BroadcastFrames {
    private BroadcastFrames() {}

    static BroadcastPage write(Broadcasts.Page page) {
        BroadcastPage.Builder frame = BroadcastPage.newBuilder()
                .setTopic(page.end().topic())
                .setInbox(page.end().inbox())
                .setFirst(page.first())
                .setLast(page.end().sequence());
        page.rows().forEach(row -> frame.addBroadcasts(write(row)));
        return frame.build();
    }

    private static Broadcast write(Broadcasts.Row row) {
        Publication message = row.publication();
        return Broadcast.newBuilder()
                .setSequence(row.sequence())
                .setKey(message.key())
                .setRule(message.rule() == null ? "" : message.rule())
                .setContentType(message.contentType())
                .setPayload(ByteString.copyFrom(message.payload()))
                .setAcceptedMicros(micros(message.accepted()))
                .setStoredMicros(micros(row.stored()))
                .setExpiresMicros(micros(message.expires()))
                .setRevokedMicros(micros(row.revoked()))
                .setMinVersion(message.versions().min())
                .setMaxVersion(message.versions().max())
                .setUrgent(message.urgent())
                .setCollapse(message.collapse())
                .setRevokes(message.revokes())
                .setNotice(message.notice() == null ? "" : message.notice())
                .build();
    }

    static Broadcasts.Page read(BroadcastPage frame) {
        return new Broadcasts.Page(
                frame.getFirst(),
                new SyncKey(frame.getTopic(), true, frame.getInbox(), frame.getLast()),
                frame.getBroadcastsList().stream()
                        .map(broadcast -> read(frame.getTopic(), broadcast))
                        .toList());
    }

    private static Broadcasts.Row read(String topic, Broadcast row) {
        Publication publication = new Publication(
                RoutingTable.GLOBAL_SHARD,
                0,
                "",
                topic,
                row.getKey(),
                null,
                row.getRule().isEmpty() ? null : row.getRule(),
                row.getContentType(),
                row.getPayload().toByteArray(),
                known(row.getAcceptedMicros()),
                instant(row.getExpiresMicros()),
                new Versions(row.getMinVersion(), row.getMaxVersion()),
                row.getUrgent(),
                row.getCollapse(),
                row.getNotice().isEmpty() ? null : row.getNotice(),
                row.getRevokes());
        return new Broadcasts.Row(
                row.getSequence(), publication, known(row.getStoredMicros()), instant(row.getRevokedMicros()));
    }

    /** As exactly as PostgreSQL keeps it; 0 for none. */
    private static long micros(@Nullable Instant instant) {
        return instant == null ? 0 : instant.getEpochSecond() * 1_000_000 + instant.getNano() / 1_000;
    }

    private static @Nullable Instant instant(long micros) {
        return micros == 0 ? null : known(micros);
    }

    private static Instant known(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000), Math.floorMod(micros, 1_000_000) * 1_000L);
    }
}
