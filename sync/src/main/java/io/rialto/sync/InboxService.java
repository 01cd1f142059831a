package io.rialto.sync;

import com.google.protobuf.MessageLite;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.sync.wire.ForwardedPublish;
import io.rialto.sync.wire.PublishAnswer;
import io.rialto.sync.wire.PublishRequest;
import io.rialto.sync.wire.Published;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The inbox as servers call it: {@code rialto.Inbox} for backends, on any edge of any cell, and {@code rialto.Cells} for
 * edges of other cells. Every operation refuses by failing with a {@link ProtocolException}.
 */
public final class InboxService {
    static final String CELL_PUBLISH = "/rialto.Cells/Publish";

    /** A thousand users and a payload in base64, with room for the rest. */
    private static final int MAX_BODY = 512 << 10;

    private final InboxPorts ports;
    private final Publisher publisher;

    public InboxService(InboxPorts ports) {
        this.ports = ports;
        this.publisher = new Publisher(ports);
    }

    /** One operation of the service, for callers that are servers. */
    public record Operation(String path, int maxBodyBytes, Handler handler) {}

    /** Answers a call: protobuf or JSON, as it was asked. From any thread; does not block. */
    @FunctionalInterface
    public interface Handler {
        CompletionStage<byte[]> answer(InboxCall call);
    }

    private interface Refusing {
        CompletionStage<byte[]> answer(InboxCall call) throws ProtocolException;
    }

    /** What a node should serve to servers, on its internal listener only. */
    public List<Operation> operations() {
        return List.of(
                operation("/rialto.Inbox/Publish", this::publish), operation(CELL_PUBLISH, this::publishForwarded));
    }

    private static Operation operation(String path, Refusing operation) {
        return new Operation(path, MAX_BODY, call -> {
            try {
                return operation.answer(call);
            } catch (ProtocolException refusal) {
                return CompletableFuture.failedFuture(refusal);
            }
        });
    }

    private CompletionStage<byte[]> publish(InboxCall call) throws ProtocolException {
        Instant now = ports.clock().instant();
        Draft draft;
        try {
            PublishRequest request = InboxJson.read(call, PublishRequest.getDefaultInstance(), PublishRequest.parser());
            draft = Draft.of(ports.config().get(), request, call.app(), now, now);
        } catch (ProtocolException refusal) {
            ports.meters().refused(refusal.reason());
            throw refusal;
        }
        return publisher
                .publish(draft, now, call.timeout())
                .thenCompose(answer -> refusedWhole(answer)
                        .<CompletionStage<byte[]>>map(CompletableFuture::failedFuture)
                        .orElseGet(() -> CompletableFuture.completedFuture(InboxJson.write(call, answer))));
    }

    private CompletionStage<byte[]> publishForwarded(InboxCall call) throws ProtocolException {
        ForwardedPublish forwarded =
                InboxJson.read(call, ForwardedPublish.getDefaultInstance(), ForwardedPublish.parser());
        Instant now = ports.clock().instant();
        Instant accepted = Instant.ofEpochMilli(Math.clamp(forwarded.getAcceptedMillis(), 0, now.toEpochMilli()));
        Draft draft = Draft.of(ports.config().get(), forwarded.getRequest(), null, accepted, now);
        return publisher.publishHere(draft, now, call.timeout()).thenApply(MessageLite::toByteArray);
    }

    /** Where nobody's was stored the call fails, so that a publisher that looks at nothing else notices. */
    private static Optional<ProtocolException> refusedWhole(PublishAnswer answer) {
        if (answer.getPublishedList().stream().anyMatch(line -> line.getReason().isEmpty())) {
            return Optional.empty();
        }
        Published first = answer.getPublished(0);
        String others =
                answer.getPublishedCount() == 1 ? "" : " (and so " + (answer.getPublishedCount() - 1) + " more)";
        return Optional.of(new ProtocolException(reason(first.getReason()), first.getText() + others));
    }

    private static Reason reason(String wireName) {
        for (Reason reason : Reason.values()) {
            if (reason.wireName().equals(wireName)) {
                return reason;
            }
        }
        return Reason.INTERNAL;
    }
}
