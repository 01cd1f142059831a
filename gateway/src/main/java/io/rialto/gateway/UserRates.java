package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.rialto.cells.Cell;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.limit.CellRates;
import io.rialto.gateway.limit.LeaseMessages;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Users' limits across the nodes of the cell: {@link CellRates} with its messages as calls between edges. */
final class UserRates implements BuiltIn {
    static final String PATH = "/rialto.Limits/Lease";

    /**
     * What a call may wait for its first lease. An edge of the same cell answers in well under a millisecond; one that has
     * more work than processors may take tens, and still holds the limit.
     */
    private static final Duration ASK = Duration.ofMillis(100);

    private final Gateway gateway;
    private final CellRates rates;

    UserRates(Gateway gateway) {
        this.gateway = gateway;
        this.rates = new CellRates(this::ask, gateway.ports().nanoTime());
    }

    /** Takes a place in the rate of the user, or device, of a call; then goes on with it or refuses it. */
    Step.Progress take(Exchange x, OperationState operation) throws ProtocolException {
        String who = x.identity.user() != null ? x.identity.user() : x.identity.device();
        if (who == null || operation.config.rate().user() == 0) {
            return Step.Progress.CONTINUE;
        }
        String key = operation.config.name().path() + "\n" + who;
        long wait = rates.take(key, rate(operation.config), nodes(x), result -> x.onLoop(() -> later(x, result)));
        if (wait == CellRates.LATER) {
            return Step.Progress.SUSPENDED;
        }
        if (wait > 0) {
            x.gateway.refuse(x, Reason.USER_RATE_LIMITED, message(operation), wait);
            return Step.Progress.ANSWERED;
        }
        return Step.Progress.CONTINUE;
    }

    private static void later(Exchange x, long wait) {
        if (wait == 0 || x.operation == null) {
            x.gateway.run(x);
        } else {
            x.gateway.refuse(x, Reason.USER_RATE_LIMITED, message(x.operation), wait);
        }
    }

    private static String message(OperationState operation) {
        return operation.name + ": more than " + operation.config.rate().user() + " calls a second by one user";
    }

    private static CellRates.Rate rate(OperationConfig config) {
        return new CellRates.Rate(config.rate().user(), config.rate().burst());
    }

    private CellRates.Nodes nodes(Exchange x) {
        return x.state.nodes(gateway.ports().self());
    }

    /** Asks another edge; the answer comes on any thread. */
    private void ask(String node, byte[] message, Consumer<byte @Nullable []> answer) {
        gateway.internalCalls()
                .toNode(node, PATH, message, ASK)
                .whenComplete((bytes, failure) ->
                        answer.accept(bytes == null || bytes.length > LeaseMessages.MAX_BYTES ? null : bytes));
    }

    @Override
    public Audience audience() {
        return Audience.SERVERS;
    }

    @Override
    public int maxBodyBytes() {
        return LeaseMessages.MAX_BYTES;
    }

    /** Serves another edge's ask. */
    @Override
    public Step.Progress invoke(Exchange x) throws ProtocolException {
        byte[] answer = rates.serve(x.bodyBytes(), key -> {
            OperationState operation = x.state.operation(key.substring(0, Math.max(0, key.indexOf('\n'))));
            return operation == null || operation.config.rate().user() == 0 ? null : rate(operation.config);
        });
        if (answer == null) {
            throw new ProtocolException(Reason.INVALID_BODY, "lease message (expected: as LeaseMessages writes it)");
        }
        return x.answer(200, new HeaderList(4).add(Names.CONTENT_TYPE, Names.PROTO), Unpooled.wrappedBuffer(answer));
    }

    static List<String> ids(List<Cell.Node> nodes) {
        return nodes.stream().map(Cell.Node::id).toList();
    }
}
