package io.rialto.starter;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.OperationName;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The same for gRPC stubs as {@link CellRequests} is for {@code RestClient}: for a channel to a gateway of the own cell
 * ({@code rialto.gateways}, plain text).
 *
 * <pre>{@code
 * WalletGrpc.newBlockingStub(channel).withInterceptors(cellChannelCalls).withOption(CellChannelCalls.USER, payee)
 * }</pre>
 */
public final class CellChannelCalls implements ClientInterceptor {
    /** The id of the user whom a call is for; without it, it is not routed by user. */
    public static final CallOptions.Key<String> USER = CallOptions.Key.create("rialto.user");

    private final Gateways gateways;

    CellChannelCalls(Gateways gateways) {
        this.gateways = gateways;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        OperationName operation = OperationName.of(method.getFullMethodName());
        @Nullable String user = options.getOption(USER);
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                headers.removeAll(key(HeaderNames.CALLER));
                headers.removeAll(key(HeaderNames.SHADOW));
                headers.removeAll(key(HeaderNames.GLOBAL_VERSION));
                gateways.show(
                        operation,
                        caller -> user == null ? caller : caller.user(user),
                        (name, value) -> headers.put(key(name), value));
                super.start(noting(listener), headers);
            }
        };
    }

    /** Answers come on another thread, which knows nothing of the call that is being served. */
    private static <A> ClientCall.Listener<A> noting(ClientCall.Listener<A> listener) {
        if (!GlobalVersion.SEEN.isBound()) {
            return listener;
        }
        AtomicLong seen = GlobalVersion.SEEN.get();
        return new SimpleForwardingClientCallListener<>(listener) {
            @Override
            public void onHeaders(Metadata headers) {
                ScopedValue.where(GlobalVersion.SEEN, seen)
                        .run(() -> GlobalVersion.saw(headers.get(key(HeaderNames.GLOBAL_VERSION))));
                super.onHeaders(headers);
            }
        };
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }
}
