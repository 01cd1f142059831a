package io.rialto.client;

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
                signer.signByTicket(call.method(), call.path(), headers, call.body(), call.requireSession());
                return next.proceed(call.withHeaders(headers));
            case SIGNED_BY_DEVICE:
                headers = new TreeMap<>(call.headers());
                signer.signByDevice(call.method(), call.path(), headers, call.body());
                return next.proceed(call.withHeaders(headers));
            case SEALED:
            case PLAIN:
                return next.proceed(call);
        }
        throw new IllegalArgumentException("protection: " + call.protection());
    }
}
