package io.rialto.client;

import io.rialto.client.http.HttpStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a call ended with: the other side's answer, or a failure. */
public final class Answer {
    private final int status;
    private final Map<String, String> headers;
    private final byte[] body;
    private final boolean authentic;
    private final @Nullable CallException failure;
    private @Nullable HttpStream stream;

    Answer(int status, Map<String, String> headers, byte[] body, boolean authentic, @Nullable CallException failure) {
        this.status = status;
        this.headers = headers;
        this.body = body;
        this.authentic = authentic;
        this.failure = failure;
    }

    /** No answer came. */
    static Answer failed(CallException failure) {
        return new Answer(0, Map.of(), new byte[0], false, failure);
    }

    /** The other side has begun a stream. */
    static Answer begun(HttpStream stream) {
        Answer answer = new Answer(stream.status(), stream.headers(), new byte[0], false, null);
        answer.stream = stream;
        return answer;
    }

    /** The stream that was asked for, or null. */
    @Nullable
    HttpStream stream() {
        return stream;
    }

    /** The HTTP status; 0 where no answer came. */
    public int status() {
        return status;
    }

    /** A header by its lower-case name. Of a sealed answer only what the seal covers. */
    public @Nullable String header(String name) {
        return headers.get(name);
    }

    /** The message, or the text of an error. The array is not a copy. */
    public byte[] body() {
        return body;
    }

    /** Whether it was sealed: then it is the platform's answer to this very call. */
    public boolean authentic() {
        return authentic;
    }

    /** Why the call failed, or null where it did not. */
    public @Nullable CallException failure() {
        return failure;
    }

    Map<String, String> headers() {
        return headers;
    }
}
