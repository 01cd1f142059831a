package io.rialto.client;

import io.rialto.client.http.HttpStream;
import io.rialto.client.http.TransportException;
import io.rialto.client.inbox.Line;
import io.rialto.client.inbox.LineException;
import io.rialto.client.inbox.LineStream;
import io.rialto.protocol.Code;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** The inbox's way to the platform: its stream and its calls go through the same steps as the app's calls. */
final class DeviceLine implements Line {
    private static final OperationName STREAM = OperationName.of("rialto.Sync/Stream");
    private static final OperationName FETCH = OperationName.of("rialto.Sync/Fetch");

    private final Rialto rialto;
    private final Function<Call, Answer> steps;
    private final Gateways gateways;
    private final ServerTime time;
    private final Runnable evict;
    private final Clock clock;
    private final long openNanos;
    private final Protection protection;

    /** How the next stream is tried; the one that works stays, until the network is another one. */
    private volatile Call.Form form = Call.Form.STREAM;

    /** @param steps those of a call but for its retries: the inbox paces its own */
    DeviceLine(
            Rialto rialto,
            Function<Call, Answer> steps,
            Gateways gateways,
            ServerTime time,
            Runnable evict,
            Clock clock,
            long openNanos,
            Protection protection) {
        this.rialto = rialto;
        this.steps = steps;
        this.gateways = gateways;
        this.time = time;
        this.evict = evict;
        this.clock = clock;
        this.openNanos = openNanos;
        this.protection = protection;
    }

    @Override
    public LineStream open(byte[] hello) throws LineException {
        Map<String, String> headers = new TreeMap<>();
        headers.put("content-type", "application/grpc");
        headers.put("te", "trailers");
        // the HTTP library would add its own, which the seal does not cover
        headers.put("accept-encoding", "identity");
        Call call = Call.of(STREAM, headers, hello, false, protection, clock.nanos() + openNanos);
        Call.Form tried = form;
        Answer answer = steps.apply(call.as(tried));
        if (answer.status() == 0) {
            // nobody answered: perhaps what is between lets one form through and not the other
            form = tried == Call.Form.STREAM ? Call.Form.WEB_SOCKET : Call.Form.STREAM;
        }
        HttpStream stream = answer.stream();
        if (stream == null) {
            throw of(
                    answer.failure() == null
                            ? CallException.local(Code.UNAVAILABLE, "no stream was begun")
                            : answer.failure());
        }
        return new Stream(stream);
    }

    @Override
    public byte[] fetch(byte[] request) throws LineException {
        try {
            return rialto.call(FETCH, "application/proto", request, true, CallOptions.NONE.protection(protection))
                    .body();
        } catch (CallException e) {
            throw of(e);
        }
    }

    private static LineException of(CallException e) {
        return new LineException(String.valueOf(e.getMessage()), e.reason(), e.retryAfterMillis(), e);
    }

    @Override
    public void learnCell(String hint) {
        gateways.learn(hint);
    }

    @Override
    public void networkChanged() {
        form = Call.Form.STREAM;
        gateways.networkChanged();
        evict.run();
    }

    @Override
    public long serverMillis() {
        return time.millis();
    }

    private static final class Stream implements LineStream {
        private final HttpStream stream;

        Stream(HttpStream stream) {
            this.stream = stream;
        }

        @Override
        public byte[] receive() throws LineException {
            try {
                byte[] message = stream.receive();
                if (message != null) {
                    return message;
                }
            } catch (TransportException e) {
                throw new LineException(String.valueOf(e.getMessage()), "", 0, e);
            }
            Map<String, String> trailers = stream.trailers();
            throw new LineException(
                    "the platform ended the stream: " + trailers.getOrDefault("grpc-message", ""),
                    trailers.getOrDefault(HeaderNames.REASON, ""),
                    0,
                    null);
        }

        @Override
        public void send(byte[] frame) throws LineException {
            try {
                stream.send(frame);
            } catch (TransportException e) {
                throw new LineException(String.valueOf(e.getMessage()), "", 0, e);
            }
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
