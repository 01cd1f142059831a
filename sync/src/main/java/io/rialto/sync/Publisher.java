package io.rialto.sync;

import com.google.protobuf.InvalidProtocolBufferException;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.ForwardedPublish;
import io.rialto.sync.wire.PublishAnswer;
import io.rialto.sync.wire.Published;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Parts a publish by the cells of its users: this cell's go to the inbox, each other cell's there in one call. One
 * user's failure never hides another's success: each user has a line in the answer.
 */
final class Publisher {
    /** Of those whose shard is not where the table says: between close and open, or until the new table comes. */
    private static final Set<String> MOVING = Set.of(Reason.FENCED.wireName(), Reason.WRONG_CELL.wireName());

    /** A shard is closed for one or two of it; each further pause is twice as long. */
    private static final long FIRST_PAUSE_MILLIS = 10;

    /** With less than this left the refusal goes to the caller, who has to have it within the time. */
    private static final long LEAST_LEFT_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final String cell;
    private final Supplier<RoutingTable> table;
    private final Inbox inbox;
    private final Schedule schedule;
    private final Peers peers;
    private final Hints hints;
    private final InboxMeters meters;
    private final BroadcastCopies copies;
    private final Executor blocking;

    Publisher(InboxPorts ports, BroadcastCopies copies) {
        this.copies = copies;
        this.cell = ports.cell();
        this.table = ports.table();
        this.inbox = ports.inbox();
        this.schedule = ports.schedule();
        this.peers = ports.peers();
        this.hints = ports.hints();
        this.meters = ports.meters();
        this.blocking = ports.blocking();
    }

    /**
     * Stores wherever its users are. Where nobody's was stored the call fails, so that a publisher that looks at nothing
     * else notices.
     */
    CompletableFuture<PublishAnswer> publish(Draft draft, Instant now, Duration timeout) {
        return untilFound(draft, now, System.nanoTime() + timeout.toNanos(), FIRST_PAUSE_MILLIS)
                .thenCompose(answer -> {
                    if (answer.getPublishedList().stream()
                            .anyMatch(line -> line.getReason().isEmpty())) {
                        return CompletableFuture.completedFuture(answer);
                    }
                    Published first = answer.getPublished(0);
                    int others = answer.getPublishedCount() - 1;
                    return CompletableFuture.failedFuture(new ProtocolException(
                            reason(first.getReason()),
                            first.getText() + (others == 0 ? "" : " (and so " + others + " more)")));
                });
    }

    /**
     * Stores, and looks again for users who were not where they were looked for, as long as the caller's time lasts: their
     * shard moves, which takes less time than a caller would wait before its next try. Nothing was done for them.
     */
    private CompletableFuture<PublishAnswer> untilFound(Draft draft, Instant now, long endNanos, long pauseMillis) {
        Duration left = Duration.ofNanos(endNanos - System.nanoTime());
        return publish(draft, now, left, false).thenCompose(answer -> {
            List<String> moving = answer.getPublishedList().stream()
                    .filter(line -> MOVING.contains(line.getReason()))
                    .map(Published::getUser)
                    .toList();
            long pauseEnd = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMillis);
            if (moving.isEmpty() || endNanos - pauseEnd < LEAST_LEFT_NANOS) {
                return CompletableFuture.completedFuture(answer);
            }
            return CompletableFuture.completedFuture(draft.only(moving))
                    .thenComposeAsync(
                            again -> untilFound(again, now, endNanos, 2 * pauseMillis),
                            CompletableFuture.delayedExecutor(pauseMillis, TimeUnit.MILLISECONDS, blocking))
                    .thenApply(found -> merged(answer, found));
        });
    }

    /** The answer with the lines of a later one in place of its own for the same users. */
    private static PublishAnswer merged(PublishAnswer answer, PublishAnswer later) {
        Map<String, Published> found =
                later.getPublishedList().stream().collect(Collectors.toMap(Published::getUser, line -> line));
        return PublishAnswer.newBuilder()
                .addAllPublished(answer.getPublishedList().stream()
                        .map(line -> found.getOrDefault(line.getUser(), line))
                        .toList())
                .build();
    }

    private static Reason reason(String wireName) {
        for (Reason reason : Reason.values()) {
            if (reason.wireName().equals(wireName)) {
                return reason;
            }
        }
        return Reason.INTERNAL;
    }

    /** Stores what another cell's edge has sent here; users of other cells are refused. */
    CompletableFuture<PublishAnswer> publishHere(Draft draft, Instant now, Duration timeout) {
        return publish(draft, now, timeout, true);
    }

    private CompletableFuture<PublishAnswer> publish(Draft draft, Instant now, Duration timeout, boolean forwarded) {
        RoutingTable routes = table.get();
        List<String> users = draft.users();
        Published[] answers = new Published[users.size()];
        List<CompletableFuture<?>> parts = new ArrayList<>();
        Map<String, List<Integer>> elsewhere = new LinkedHashMap<>();
        for (int i = 0; i < answers.length; i++) {
            int line = i;
            String user = users.get(i);
            Place place = user.isEmpty() ? routes.global() : routes.locate(user);
            String home = place.cell().id();
            if (home.equals(cell)) {
                parts.add(here(draft, user, place, now).thenAccept(published -> answers[line] = published));
            } else if (forwarded) {
                answers[i] = failed(
                        user,
                        Reason.WRONG_CELL,
                        "user: " + user + " is of cell " + home + " (expected: of " + cell
                                + "; the edges' routing tables differ, try again)");
            } else {
                elsewhere.computeIfAbsent(home, first -> new ArrayList<>()).add(i);
            }
        }
        elsewhere.forEach((home, lines) -> parts.add(there(draft, home, lines, answers, timeout)));
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(all -> PublishAnswer.newBuilder()
                        .addAllPublished(List.of(answers))
                        .build());
    }

    private CompletableFuture<Published> here(Draft draft, String user, Place place, Instant now) {
        Publication publication = draft.publication(user, place);
        if (draft.isLater(now)) {
            return schedule.add(
                            publication,
                            draft.request().getNotBeforeMillis(),
                            draft.request().getRepeat())
                    .handle((scheduled, failure) -> failure == null && scheduled != null
                            ? Published.newBuilder()
                                    .setUser(user)
                                    .setId(scheduled.id().toString())
                                    .setRepeatedKey(scheduled.repeated())
                                    .build()
                            : failed(user, failure));
        }
        return inbox.publish(publication).handle((stored, failure) -> {
            if (failure != null || stored == null) {
                return failed(user, failure);
            }
            meters.published(publication.topic(), stored.repeated());
            if (!stored.repeated()) {
                hint(publication, stored.sequence());
            }
            return Published.newBuilder()
                    .setUser(user)
                    .setId(new MessageId(publication.topic(), stored.sequence(), user).toString())
                    .setSequence(stored.sequence())
                    .setRepeatedKey(stored.repeated())
                    .build();
        });
    }

    private void hint(Publication publication, long sequence) {
        if (publication.everyone()) {
            copies.stored(publication.topic());
        } else {
            hints.stored(publication, sequence);
        }
    }

    /** One call for all users of a cell; its lines are filled in whatever becomes of the call. */
    private CompletableFuture<?> there(
            Draft draft, String home, List<Integer> lines, Published[] answers, Duration timeout) {
        List<String> users = lines.stream().map(draft.users()::get).toList();
        byte[] body = ForwardedPublish.newBuilder()
                .setRequest(draft.requestFor(users))
                .setAcceptedMillis(draft.accepted().toEpochMilli())
                .build()
                .toByteArray();
        CompletionStage<byte[]> call = peers.toCell(home, InboxService.CELL_PUBLISH, body, timeout);
        return call.toCompletableFuture().handle((answer, failure) -> {
            List<Published> published = failure == null && answer != null ? published(answer, users) : List.of();
            for (int i = 0; i < users.size(); i++) {
                answers[lines.get(i)] = !published.isEmpty() ? published.get(i) : failed(users.get(i), failure);
            }
            return null;
        });
    }

    /** The lines of an answer; empty where it is not one for these users. */
    private static List<Published> published(byte[] answer, List<String> users) {
        try {
            List<Published> published = PublishAnswer.parseFrom(answer).getPublishedList();
            return published.stream().map(Published::getUser).toList().equals(users) ? published : List.of();
        } catch (InvalidProtocolBufferException e) {
            return List.of();
        }
    }

    private Published failed(String user, @Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof ProtocolException refusal) {
            return failed(user, refusal.reason(), String.valueOf(refusal.getMessage()));
        }
        // Anything else may have happened before or after the commit.
        return failed(
                user, Reason.STORE_UNAVAILABLE, "not known whether it was stored (expected: again with the same key)");
    }

    private Published failed(String user, Reason reason, String text) {
        meters.refused(reason);
        return Published.newBuilder()
                .setUser(user)
                .setReason(reason.wireName())
                .setText(text)
                .build();
    }
}
