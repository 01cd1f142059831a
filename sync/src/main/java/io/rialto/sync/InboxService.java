package io.rialto.sync;

import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.rialto.protocol.ProtocolException;
import io.rialto.sync.wire.BroadcastStoredAnswer;
import io.rialto.sync.wire.BroadcastStoredRequest;
import io.rialto.sync.wire.BroadcastsRequest;
import io.rialto.sync.wire.ForwardedPublish;
import io.rialto.sync.wire.PublishRequest;
import io.rialto.sync.wire.RevokeRequest;
import io.rialto.sync.wire.TraceRequest;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The inbox as servers call it: {@code rialto.Inbox} for backends, on any edge of any cell, and {@code rialto.Cells} for
 * edges of other cells. Every operation refuses by failing with a {@link ProtocolException}.
 */
public final class InboxService {
    static final String CELL_PUBLISH = "/rialto.Cells/Publish";
    static final String CELL_REVOKE = "/rialto.Cells/Revoke";
    static final String CELL_TRACE = "/rialto.Cells/Trace";
    static final String CELL_BROADCASTS = "/rialto.Cells/Broadcasts";
    static final String CELL_BROADCAST_STORED = "/rialto.Cells/BroadcastStored";

    /** A thousand users and a payload in base64, with room for the rest. */
    private static final int MAX_BODY = 512 << 10;

    private final InboxPorts ports;
    private final Publisher publisher;
    private final Lookups lookups;
    private final BroadcastCopies copies;

    /** @param copies of this cell, which other cells hint at */
    public InboxService(InboxPorts ports, BroadcastCopies copies) {
        this.ports = ports;
        this.publisher = new Publisher(ports, copies);
        this.lookups = new Lookups(ports);
        this.copies = copies;
    }

    /** One operation of the service, for callers that are servers. */
    public record Operation(String path, int maxBodyBytes, Handler handler) {}

    /** Answers a call: protobuf or JSON, as it was asked. From any thread; does not block. */
    @FunctionalInterface
    public interface Handler {
        CompletionStage<byte[]> answer(InboxCall call);
    }

    private interface Answering<Q> {
        CompletionStage<? extends Message> answer(InboxCall call, Q request) throws ProtocolException;
    }

    /** What a node should serve to servers, on its internal listener only. */
    public List<Operation> operations() {
        return List.of(
                operation(
                        "/rialto.Inbox/Publish",
                        PublishRequest.getDefaultInstance(),
                        PublishRequest.parser(),
                        this::publish),
                operation(
                        "/rialto.Inbox/Revoke",
                        RevokeRequest.getDefaultInstance(),
                        RevokeRequest.parser(),
                        lookups::revoke),
                operation(
                        "/rialto.Inbox/Trace",
                        TraceRequest.getDefaultInstance(),
                        TraceRequest.parser(),
                        lookups::trace),
                operation(
                        CELL_PUBLISH,
                        ForwardedPublish.getDefaultInstance(),
                        ForwardedPublish.parser(),
                        this::publishForwarded),
                operation(
                        CELL_REVOKE,
                        RevokeRequest.getDefaultInstance(),
                        RevokeRequest.parser(),
                        lookups::revokeForwarded),
                operation(
                        CELL_TRACE, TraceRequest.getDefaultInstance(), TraceRequest.parser(), lookups::traceForwarded),
                operation(
                        CELL_BROADCASTS,
                        BroadcastsRequest.getDefaultInstance(),
                        BroadcastsRequest.parser(),
                        (call, request) ->
                                CompletableFuture.supplyAsync(() -> copies.pages(request), ports.blocking())),
                operation(
                        CELL_BROADCAST_STORED,
                        BroadcastStoredRequest.getDefaultInstance(),
                        BroadcastStoredRequest.parser(),
                        (call, request) -> {
                            copies.hint();
                            return CompletableFuture.completedFuture(BroadcastStoredAnswer.getDefaultInstance());
                        }));
    }

    private <Q extends Message> Operation operation(String path, Q empty, Parser<Q> parser, Answering<Q> answering) {
        return new Operation(path, MAX_BODY, call -> {
            try {
                return answering
                        .answer(call, InboxJson.read(call, empty, parser))
                        .thenApply(answer -> InboxJson.write(call, answer));
            } catch (ProtocolException refusal) {
                ports.meters().refused(refusal.reason());
                return CompletableFuture.failedFuture(refusal);
            }
        });
    }

    private CompletionStage<? extends Message> publish(InboxCall call, PublishRequest request)
            throws ProtocolException {
        Instant now = ports.clock().instant();
        Draft draft = Draft.of(ports.config().get(), request, call.app(), now, now);
        return publisher.publish(draft, now, call.timeout());
    }

    private CompletionStage<? extends Message> publishForwarded(InboxCall call, ForwardedPublish forwarded)
            throws ProtocolException {
        Instant now = ports.clock().instant();
        Instant accepted = Instant.ofEpochMilli(Math.clamp(forwarded.getAcceptedMillis(), 0, now.toEpochMilli()));
        Draft draft = Draft.of(ports.config().get(), forwarded.getRequest(), null, accepted, now);
        return publisher.publishHere(draft, now, call.timeout());
    }
}
