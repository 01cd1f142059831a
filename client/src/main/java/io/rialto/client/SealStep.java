package io.rialto.client;

import io.rialto.client.http.HttpAnswer;
import io.rialto.client.http.HttpStream;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Seals calls with a new counter each time, and opens their answers. Calls of other protections pass by. */
final class SealStep implements Interceptor {
    private static final String SEALED = "application/rialto-sealed";

    private final ServerTime time;

    /** Ciphers that are not in use; there are as many as calls were ever sealed at the same moment. */
    private final Queue<Seal> idle = new ConcurrentLinkedQueue<>();

    SealStep(ServerTime time) {
        this.time = time;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        if (call.protection() != Protection.SEALED) {
            return next.proceed(call);
        }
        LiveSession session = call.requireSession();
        long counter = session.nextCounter();
        Answer answer = next.proceed(sealed(call, session, counter));
        return answer.status() == 0 ? answer : opened(answer, session, counter);
    }

    private Call sealed(Call call, LiveSession session, long counter) {
        Map<String, String> headers = new TreeMap<>();
        for (String name : Seal.callHeaders()) {
            String value = call.header(name);
            if (value != null) {
                headers.put(name, value);
            }
        }
        String contentType = call.header("content-type");
        headers.put(HeaderNames.CONTENT_TYPE, contentType == null ? "application/json" : contentType);
        headers.put(HeaderNames.TIME, Long.toString(time.seconds()));
        Seal seal = take();
        byte[] body;
        try {
            body = seal.sealCall(
                    session.toServer(),
                    counter,
                    call.method(),
                    call.path(),
                    headers::get,
                    call.body(),
                    0,
                    call.body().length);
        } finally {
            idle.add(seal);
        }
        headers.put("content-type", SEALED);
        headers.put(HeaderNames.TICKET, session.ticket());
        headers.put(HeaderNames.COUNTER, Long.toString(counter));
        return call.withHeaders(headers).withBody(body);
    }

    private Answer opened(Answer answer, LiveSession session, long counter) {
        HttpStream stream = answer.stream();
        if (stream != null) {
            if (SEALED.equals(answer.header("content-type"))) {
                return Answer.begun(new SealedStream(stream, session, counter));
            }
            stream.close();
        }
        if (!SEALED.equals(answer.header("content-type"))) {
            return inTheClear(answer);
        }
        Seal seal = take();
        byte[] body;
        try {
            body = seal.openAnswer(
                    session.toClient(),
                    counter,
                    answer.status(),
                    answer::header,
                    answer.body(),
                    0,
                    answer.body().length);
        } catch (ProtocolException e) {
            return Answer.failed(Failures.unreadable("the answer is not the platform's to this call", e));
        } finally {
            idle.add(seal);
        }
        Map<String, String> covered = new TreeMap<>();
        for (String name : Seal.answerHeaders()) {
            String value = answer.header(name);
            if (value != null) {
                covered.put(name, value);
            }
        }
        String contentType = covered.remove(HeaderNames.CONTENT_TYPE);
        if (contentType != null) {
            covered.put("content-type", contentType);
        }
        CallException failure = Failures.of(new HttpAnswer(answer.status(), covered, body), true);
        return new Answer(answer.status(), covered, body, true, failure);
    }

    /** Anybody on the way may have said it: a refusal is a hint, and a success is nothing at all. */
    private static Answer inTheClear(Answer answer) {
        CallException failure = Failures.of(new HttpAnswer(answer.status(), answer.headers(), answer.body()), false);
        if (failure == null) {
            return Answer.failed(Failures.unreadable("a sealed call was answered in the clear", null));
        }
        return new Answer(answer.status(), answer.headers(), answer.body(), false, failure);
    }

    private Seal take() {
        Seal seal = idle.poll();
        return seal == null ? new Seal() : seal;
    }
}
