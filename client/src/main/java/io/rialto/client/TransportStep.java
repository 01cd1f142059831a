package io.rialto.client;

import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpRequest;
import io.rialto.client.http.HttpStream;
import io.rialto.client.http.Transport;
import io.rialto.client.http.TransportException;
import java.net.URI;

/** Sends the call, once. The transport below finds the gateway's addresses. */
final class TransportStep implements Interceptor {
    private final Transport transport;
    private final Clock clock;

    TransportStep(Transport transport, Clock clock) {
        this.transport = transport;
        this.clock = clock;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        long left = call.deadlineNanos() - clock.nanos();
        if (left <= 0) {
            return Answer.failed(Failures.outOfTime("time ran out before the call was sent"));
        }
        URI uri = URI.create(call.requireGateway() + call.path());
        HttpRequest request = new HttpRequest(call.method(), uri, call.headers(), call.body(), left);
        try {
            switch (call.form()) {
                case STREAM:
                    return begun(transport.open(request));
                case WEB_SOCKET:
                    return begun(transport.openWebSocket(request));
                case MESSAGE:
                    break;
            }
            HttpAnswer answer = transport.send(request);
            return new Answer(answer.status(), answer.headers(), answer.body(), false, Failures.of(answer, true));
        } catch (TransportException e) {
            if (e.sent()) {
                // the link may be dead without saying so: the next try takes a new connection
                transport.evictIdle();
            }
            return Answer.failed(Failures.of(e));
        }
    }

    private static Answer begun(HttpStream stream) {
        HttpAnswer refusal = stream.refusal();
        if (refusal == null) {
            return Answer.begun(stream);
        }
        CallException failure = Failures.ofStream(refusal);
        return new Answer(refusal.status(), refusal.headers(), refusal.body(), false, failure);
    }
}
