package io.rialto.sync;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.RevokeAnswer;
import io.rialto.sync.wire.RevokeRequest;
import io.rialto.sync.wire.TraceAnswer;
import io.rialto.sync.wire.TraceRequest;
import io.rialto.sync.wire.TraceStep;
import io.rialto.sync.wire.Traced;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Takes messages back, and tells where they are: in the cell that a message's id or a user leads to. */
final class Lookups {
    /** Messages in one answer, each with the steps of all devices of its user. */
    private static final int MAX_TRACED = 100;

    private static final int STANDARD_TRACED = 20;

    private final InboxPorts ports;

    Lookups(InboxPorts ports) {
        this.ports = ports;
    }

    CompletionStage<? extends Message> revoke(InboxCall call, RevokeRequest request) throws ProtocolException {
        Target target = target(request.getId());
        Draft.topic(ports.config().get(), target.topic(), call.app());
        Place place = place(target.user());
        return isHere(place)
                ? revokeHere(target, place)
                : forward(call, place, InboxService.CELL_REVOKE, request, RevokeAnswer.parser());
    }

    CompletionStage<? extends Message> revokeForwarded(InboxCall call, RevokeRequest request) throws ProtocolException {
        Target target = target(request.getId());
        return revokeHere(target, placeHere(target.user()));
    }

    /** What an id leads to. */
    private record Target(String id, String topic, String user) {}

    private static Target target(String id) throws ProtocolException {
        Optional<ScheduledId> scheduled = ScheduledId.find(id);
        if (scheduled.isPresent()) {
            return new Target(id, scheduled.get().topic(), scheduled.get().user());
        }
        MessageId message = MessageId.parse(id);
        return new Target(id, message.topic(), message.user());
    }

    private CompletionStage<RevokeAnswer> revokeHere(Target target, Place place) throws ProtocolException {
        Optional<ScheduledId> scheduled = ScheduledId.find(target.id());
        if (scheduled.isPresent()) {
            return ports.schedule()
                    .cancel(scheduled.get())
                    .thenCompose(cancelled -> cancelled
                            ? CompletableFuture.completedFuture(
                                    RevokeAnswer.newBuilder().setRevoked(true).build())
                            : CompletableFuture.failedFuture(new ProtocolException(
                                    Reason.UNKNOWN_MESSAGE, "message: " + target.id() + " does not wait any more")));
        }
        MessageId message = MessageId.parse(target.id());
        return blocking(() -> {
            Stored stored = ports.inbox().revoke(place.shard(), place.epoch(), message);
            if (message.user().isEmpty()) {
                ports.hints().storedForEveryone(message.topic());
            } else {
                ports.hints().stored(List.of(message.user()));
            }
            return RevokeAnswer.newBuilder()
                    .setRevoked(true)
                    .setSequence(stored.sequence())
                    .build();
        });
    }

    CompletionStage<? extends Message> trace(InboxCall call, TraceRequest request) throws ProtocolException {
        String user = traced(request);
        if (!request.getId().isEmpty()) {
            Draft.topic(ports.config().get(), MessageId.parse(request.getId()).topic(), call.app());
        }
        Place place = place(user);
        CompletionStage<TraceAnswer> answer = isHere(place)
                ? traceHere(request, user)
                : forward(call, place, InboxService.CELL_TRACE, request, TraceAnswer.parser());
        return answer.thenApply(traces -> visible(traces, call.app()));
    }

    CompletionStage<? extends Message> traceForwarded(InboxCall call, TraceRequest request) throws ProtocolException {
        String user = traced(request);
        placeHere(user);
        return traceHere(request, user);
    }

    /** Whose cell knows: that of a message's user; for one to everyone that of the user asked for, or the global one. */
    private static String traced(TraceRequest request) throws ProtocolException {
        if (request.getId().isEmpty()) {
            Draft.user(request.getUser());
            return request.getUser();
        }
        MessageId message = MessageId.parse(request.getId());
        if (message.user().isEmpty()) {
            return request.getUser();
        }
        if (!request.getUser().isEmpty() && !request.getUser().equals(message.user())) {
            throw new ProtocolException(
                    Reason.INVALID_BODY,
                    "user: " + request.getUser() + " (expected: none, or the message's, " + message.user() + ")");
        }
        return message.user();
    }

    private CompletionStage<TraceAnswer> traceHere(TraceRequest request, String user) {
        int limit = request.getLimit() == 0 ? STANDARD_TRACED : Math.clamp(request.getLimit(), 1, MAX_TRACED);
        return blocking(() -> {
            List<Trace> traces;
            if (request.getId().isEmpty()) {
                traces = ports.traces().traceUser(user, limit);
            } else {
                MessageId message = MessageId.parse(request.getId());
                traces = List.of(ports.traces()
                        .trace(message, user)
                        .orElseThrow(() -> new ProtocolException(
                                Reason.UNKNOWN_MESSAGE,
                                "message: " + message + " is not kept (expected: one that was published, within its"
                                        + " topic's retention)")));
            }
            TraceAnswer.Builder answer = TraceAnswer.newBuilder();
            traces.forEach(trace -> answer.addTraced(traced(trace)));
            return answer.build();
        });
    }

    private static Traced traced(Trace trace) {
        Traced.Builder traced = Traced.newBuilder()
                .setId(trace.id().toString())
                .setTopic(trace.id().topic())
                .setStopped(trace.stopped());
        for (Trace.Passed step : trace.steps()) {
            traced.addSteps(TraceStep.newBuilder()
                    .setStepValue(step.step().number())
                    .setAtMillis(step.at().toEpochMilli())
                    .setDevice(step.device())
                    .setNode(step.node())
                    .setReason(step.reason()));
        }
        return traced.build();
    }

    /** Without what is of topics of other apps. */
    private TraceAnswer visible(TraceAnswer answer, @Nullable String app) {
        if (app == null) {
            return answer;
        }
        TraceAnswer.Builder visible = TraceAnswer.newBuilder();
        for (Traced traced : answer.getTracedList()) {
            Topic topic = ports.config().get().topics().get(traced.getTopic());
            if (topic != null && topic.app().equals(app)) {
                visible.addTraced(traced);
            }
        }
        return visible.build();
    }

    private boolean isHere(Place place) {
        return place.cell().id().equals(ports.cell());
    }

    private Place place(String user) {
        RoutingTable table = ports.table().get();
        return user.isEmpty() ? table.global() : table.locate(user);
    }

    private Place placeHere(String user) throws ProtocolException {
        Place place = place(user);
        if (!isHere(place)) {
            throw new ProtocolException(
                    Reason.WRONG_CELL,
                    "user: " + user + " is of cell " + place.cell().id() + " (expected: of " + ports.cell()
                            + "; the edges' routing tables differ, try again)");
        }
        return place;
    }

    private <A extends Message> CompletionStage<A> forward(
            InboxCall call, Place place, String operation, Message request, Parser<A> parser) {
        return ports.peers()
                .toCell(place.cell().id(), operation, request.toByteArray(), call.timeout())
                .thenCompose(bytes -> {
                    try {
                        return CompletableFuture.completedFuture(parser.parseFrom(bytes));
                    } catch (InvalidProtocolBufferException e) {
                        return CompletableFuture.failedFuture(new ProtocolException(
                                Reason.INTERNAL,
                                "answer of cell " + place.cell().id() + ": " + e.getMessage()));
                    }
                });
    }

    private interface Blocking<A> {
        A answer() throws ProtocolException;
    }

    private <A> CompletionStage<A> blocking(Blocking<A> work) {
        CompletableFuture<A> done = new CompletableFuture<>();
        ports.blocking().execute(() -> {
            try {
                done.complete(work.answer());
            } catch (ProtocolException refusal) {
                done.completeExceptionally(refusal);
            } catch (InboxException away) {
                done.completeExceptionally(
                        new ProtocolException(Reason.STORE_UNAVAILABLE, String.valueOf(away.getMessage())));
            } catch (RuntimeException bug) {
                done.completeExceptionally(bug);
            }
        });
        return done;
    }
}
