package io.rialto.client;

import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.Reason;
import java.net.URI;

/** Chooses the gateway, learns the user's cell from answers, and turns away from gateways that do not answer. */
final class CellStep implements Interceptor {
    private final Gateways gateways;

    CellStep(Gateways gateways) {
        this.gateways = gateways;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        URI gateway = gateways.choose();
        Answer answer = next.proceed(call.withGateway(gateway));
        CallException failure = answer.failure();
        boolean silent = failure != null && answer.status() == 0 && failure.passing();
        if (silent || failure != null && failure.reason().equals(Reason.DRAINING.wireName())) {
            gateways.failed(gateway);
        } else if (answer.status() != 0) {
            gateways.worked(gateway);
        }
        // a sealed call believes a sealed answer only; the others have nothing better than TLS
        String cell = answer.header(HeaderNames.CELL);
        if (cell != null && (answer.authentic() || call.protection() != Protection.SEALED)) {
            gateways.learn(cell);
        }
        return answer;
    }
}
