package io.rialto.gateway.upstream;

import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.loop.EventLoops;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Upstreams on event loops of their own, for a test to call. */
final class TestClient implements AutoCloseable {
    static final String CELL = "east";
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    final EventLoops loops;
    final CountingMeters meters = new CountingMeters();
    final Upstreams upstreams;
    private final EventLoop loop;

    TestClient() {
        this(1, host -> List.of(InetAddress.getAllByName(host)));
    }

    TestClient(int threads, HostResolver resolver) {
        loops = EventLoops.start(threads);
        loop = loops.next().eventLoop();
        upstreams = new Upstreams(loops, meters, resolver, new SplittableRandom(7));
    }

    /** What a call came to, with the body as text. */
    sealed interface Result {
        record Answer(int status, Map<String, String> headers, String body) implements Result {}

        record Failure(Outcome.Failed failed) implements Result {}
    }

    /** Settings of a service {@code wallet} with addresses in this cell; {@code more} are further keys. */
    static BackendSettings settings(String protocol, String more, Address... addresses) {
        ObjectNode json = (ObjectNode) MAPPER.readTree("{" + more + "}");
        json.put("service", "wallet").put("protocol", protocol);
        var list = json.putObject("addresses").putArray(CELL);
        for (Address address : addresses) {
            list.add(address.toString());
        }
        return BackendSettings.parse((JsonNode) json);
    }

    TestClient with(String protocol, String more, Address... addresses) {
        upstreams.apply(CELL, List.of(settings(protocol, more, addresses)));
        return this;
    }

    static OutboundCall call(EventLoop loop, String body, long timeoutMillis, boolean repeatable, String... headers) {
        HeaderList list = new HeaderList();
        list.add(AsciiString.cached("content-type"), "application/json");
        for (int i = 0; i < headers.length; i += 2) {
            list.add(new AsciiString(headers[i]), headers[i + 1]);
        }
        return new OutboundCall(
                loop,
                AsciiString.cached("POST"),
                "/wallet.Balance/Get",
                list,
                Unpooled.copiedBuffer(body, StandardCharsets.UTF_8),
                TimeUnit.MILLISECONDS.toNanos(timeoutMillis),
                repeatable);
    }

    CompletableFuture<Result> start(OutboundCall call) {
        CompletableFuture<Result> result = new CompletableFuture<>();
        Upstream upstream = upstreams.of("wallet");
        if (upstream == null) {
            throw new IllegalStateException("no upstream");
        }
        call.loop().execute(() -> upstream.send(call, outcome -> result.complete(result(outcome))));
        return result;
    }

    private static Result result(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Failed failed -> new Result.Failure(failed);
            case Outcome.Answered answered -> {
                Map<String, String> headers = new java.util.TreeMap<>();
                for (int i = 0; i < answered.headers().size(); i++) {
                    headers.put(
                            answered.headers().name(i).toString(),
                            answered.headers().value(i).toString());
                }
                String body = answered.body().toString(StandardCharsets.UTF_8);
                answered.body().release();
                yield new Result.Answer(answered.status(), headers, body);
            }
        };
    }

    CompletableFuture<Result> start(String body, boolean repeatable, String... headers) {
        return start(call(loop, body, 5_000, repeatable, headers));
    }

    Result get(String body, boolean repeatable, String... headers) {
        return await(start(body, repeatable, headers));
    }

    Outcome.Failed fails(boolean repeatable) {
        if (get("{}", repeatable) instanceof Result.Failure failure) {
            return failure.failed();
        }
        throw new AssertionError("the call was answered (expected: a failure)");
    }

    Result.Answer answers(String body, boolean repeatable, String... headers) {
        Result result = get(body, repeatable, headers);
        if (result instanceof Result.Answer answer) {
            return answer;
        }
        throw new AssertionError(result + " (expected: an answer)");
    }

    static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(20, TimeUnit.SECONDS).join();
    }

    EventLoop loop() {
        return loop;
    }

    @Override
    public void close() {
        upstreams.close();
        loops.close();
    }
}
