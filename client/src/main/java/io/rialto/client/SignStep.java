package io.rialto.client;

import io.rialto.client.http.GrpcFrame;
import java.util.Map;
import java.util.TreeMap;

/** Signs calls that are to be signed, with a new nonce or counter each time. Calls of other protections pass by. */
final class SignStep implements Interceptor {
    private final RequestSigner signer;

    SignStep(RequestSigner signer) {
        this.signer = signer;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        Map<String, String> headers;
        switch (call.protection()) {
            case SIGNED:
                headers = new TreeMap<>(call.headers());
                signer.signByTicket(call.method(), call.path(), headers, covered(call), call.requireSession());
                return next.proceed(call.withHeaders(headers));
            case SIGNED_BY_DEVICE:
                headers = new TreeMap<>(call.headers());
                signer.signByDevice(call.method(), call.path(), headers, covered(call));
                return next.proceed(call.withHeaders(headers));
            case SEALED:
            case PLAIN:
                return next.proceed(call);
        }
        throw new IllegalArgumentException("protection: " + call.protection());
    }

    /** A stream's first message is signed as it travels: behind its length, where there is one. */
    private static byte[] covered(Call call) {
        return call.form() == Call.Form.STREAM ? GrpcFrame.of(call.body()) : call.body();
    }
}
