package io.rialto.starter;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Calls to the cells of other users, and to the global cell: through a gateway of the own cell, which locates the user
 * and forwards. Safe for use by many threads.
 */
public final class CellCalls {
    private final List<String> addresses;
    private final Gateways gateways;
    private final JsonMapper json;
    private final AtomicInteger next = new AtomicInteger();

    CellCalls(List<String> addresses, Gateways gateways, JsonMapper json) {
        this.addresses = addresses;
        this.gateways = gateways;
        this.json = json;
    }

    /**
     * One call to an operation whose authentication is {@code backend}.
     *
     * @param user whose cell it is for; null for an operation of the global or the own cell
     * @param idempotencyKey the same for all tries of the same call
     * @throws OperationException the refusal, or {@code unavailable} where no gateway answered: then it may have been done
     */
    public <A extends Message> A call(
            String operation,
            @Nullable String user,
            Message request,
            Class<A> answer,
            @Nullable String idempotencyKey,
            Duration timeout) {
        OperationName name = OperationName.of(operation);
        if (addresses.isEmpty()) {
            throw new OperationException(
                    Code.UNAVAILABLE,
                    "no_gateway",
                    "rialto.gateways: none (expected: one to call other cells through)");
        }
        // A gateway that is down is passed over at the next try: the start moves on with each call.
        String gateway = addresses.get(Math.floorMod(next.getAndIncrement(), addresses.size()));
        UnaryOperator<Caller.Builder> about = user == null ? caller -> caller : caller -> caller.user(user);
        try {
            HttpResponse<byte[]> response = gateways.post(
                    gateway, name, about, "application/proto", request.toByteArray(), timeout, headers -> {
                        if (idempotencyKey != null) {
                            headers.header(HeaderNames.IDEMPOTENCY_KEY, idempotencyKey);
                        }
                    });
            GlobalVersion.saw(
                    response.headers().firstValue(HeaderNames.GLOBAL_VERSION).orElse(null));
            if (response.statusCode() != 200) {
                throw refusal(response.statusCode(), json.readTree(response.body()));
            }
            return answer.cast(MessageCodec.prototype(answer).getParserForType().parseFrom(response.body()));
        } catch (JacksonException e) {
            throw new OperationException(
                    Code.UNKNOWN, "http_status", operation + ": an answer without an error's JSON");
        } catch (InvalidProtocolBufferException e) {
            throw new OperationException(
                    Code.INTERNAL, "invalid_answer", operation + ": " + e.getMessage() + " (expected: " + answer + ")");
        } catch (IOException e) {
            throw new OperationException(
                    Code.UNAVAILABLE, "gateway_unreachable", operation + " by " + gateway + ": " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationException(Code.CANCELED, "interrupted", operation + ": interrupted");
        }
    }

    /** The error that a gateway or backend answered. */
    static OperationException refusal(int status, JsonNode error) {
        Code code = error.has("code") ? Code.ofWireName(error.path("code").asString("")) : Code.ofHttpStatus(status);
        return new OperationException(
                code == Code.OK ? Code.UNKNOWN : code,
                error.path("reason").asString("http_status"),
                error.path("message").asString("status " + status));
    }
}
