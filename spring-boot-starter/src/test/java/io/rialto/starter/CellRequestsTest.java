package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.StringValue;
import com.sun.net.httpserver.HttpServer;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.rialto.protocol.Caller;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.web.client.RestClient;
import tools.jackson.databind.json.JsonMapper;

@Timeout(30)
final class CellRequestsTest {
    private static final String OPERATION = "wallet.Transfer/Credit";
    private static final MethodDescriptor<StringValue, StringValue> METHOD =
            MethodDescriptor.<StringValue, StringValue>newBuilder()
                    .setType(MethodDescriptor.MethodType.UNARY)
                    .setFullMethodName(OPERATION)
                    .setRequestMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
                    .setResponseMarshaller(ProtoUtils.marshaller(StringValue.getDefaultInstance()))
                    .build();

    private record Seen(
            String path, @Nullable String token, @Nullable String shadow, String body) {
        Caller caller() throws Exception {
            return TestKeys.TOKENS.verify(String.valueOf(token), OPERATION, System.currentTimeMillis());
        }
    }

    @TempDir
    private Path directory;

    private Gateways gateways;
    private final BlockingQueue<Seen> seen = new LinkedBlockingQueue<>();

    @BeforeEach
    void keys() throws Exception {
        CallerKeys keys = new CallerKeys(TestKeys.file(directory), Clock.systemUTC(), new JsonMapper());
        gateways = new Gateways("bank", keys, Clock.systemUTC());
    }

    private static Caller shadow() {
        return Caller.builder("edge", "a.B/C", 1_000, 2_000).shard(-1007).build();
    }

    @Test
    void a_rest_client_reaches_the_gateway_under_the_backends_token_for_the_user() throws Exception {
        HttpServer gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        gateway.createContext("/", exchange -> {
            try (exchange) {
                seen.add(new Seen(
                        exchange.getRequestURI().toString(),
                        exchange.getRequestHeaders().getFirst("rialto-caller"),
                        exchange.getRequestHeaders().getFirst("rialto-shadow"),
                        new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8)));
                String version = exchange.getRequestHeaders().getFirst("rialto-global-version");
                exchange.getResponseHeaders().add("rialto-global-version", version == null ? "3" : version + "0");
                exchange.sendResponseHeaders(200, -1);
            }
        });
        gateway.start();
        try {
            RestClient client = RestClient.builder()
                    .baseUrl("http://cells")
                    .requestInterceptor(new CellRequests(
                            List.of("127.0.0.1:" + gateway.getAddress().getPort()), gateways))
                    .build();
            call(client, "42");
            Seen first = seen.remove();
            assertThat(first.path()).isEqualTo("/wallet.Transfer/Credit?x=1");
            assertThat(first.body()).isEqualTo("{}");
            assertThat(first.caller().issuer()).isEqualTo("bank");
            assertThat(first.caller().user()).isEqualTo("42");
            assertThat(first.shadow()).isNull();
            AtomicLong version = new AtomicLong(4);
            PressureTest.serving(Caller.builder("edge", "a.B/C", 1_000, 2_000).build(), version, () -> {
                call(client, "42");
                return true;
            });
            assertThat(version).hasValue(40);
            seen.remove();

            call(client, null);
            assertThat(seen.remove().caller().user()).isNull();
            PressureTest.serving(shadow(), () -> {
                call(client, "42");
                return "";
            });
            assertThat(seen.remove().shadow()).isEqualTo("1");
            assertThatThrownBy(() ->
                            client.post().uri("/no/such/operation").retrieve().toBodilessEntity())
                    .hasMessageContaining("expected: /service/method");
        } finally {
            gateway.stop(0);
        }
    }

    private static void call(RestClient client, @Nullable String user) {
        RestClient.RequestBodySpec request = client.post()
                .uri("/wallet.Transfer/Credit?x=1")
                .header("rialto-caller", "forged")
                .header("rialto-shadow", "forged");
        if (user != null) {
            request.attribute(CellRequests.USER, user);
        }
        if (!PressureTest.isOn()) {
            request.header("rialto-shadow", "1");
        }
        request.body("{}").retrieve().toBodilessEntity();
    }

    @Test
    void a_grpc_stub_does_so_too() throws Exception {
        ServerInterceptor note = new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                seen.add(new Seen("", value(headers, "rialto-caller"), value(headers, "rialto-shadow"), ""));
                return next.startCall(call, headers);
            }
        };
        Server gateway = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .intercept(note)
                .addService(ServerServiceDefinition.builder("wallet.Transfer")
                        .addMethod(METHOD, ServerCalls.asyncUnaryCall((request, answer) -> {
                            answer.onNext(request);
                            answer.onCompleted();
                        }))
                        .build())
                .build()
                .start();
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", gateway.getPort())
                .usePlaintext()
                .build();
        try {
            io.grpc.Channel cells = ClientInterceptors.intercept(channel, new CellChannelCalls(gateways));
            CallOptions options = CallOptions.DEFAULT.withOption(CellChannelCalls.USER, "42");
            StringValue hello = StringValue.of("hello");
            assertThat(ClientCalls.blockingUnaryCall(cells, METHOD, options, hello))
                    .isEqualTo(hello);
            Seen first = seen.remove();
            assertThat(first.caller().user()).isEqualTo("42");
            assertThat(first.caller().issuer()).isEqualTo("bank");
            assertThat(first.shadow()).isNull();
            PressureTest.serving(
                    shadow(), () -> ClientCalls.blockingUnaryCall(cells, METHOD, CallOptions.DEFAULT, hello));
            Seen second = seen.remove();
            assertThat(second.caller().user()).isNull();
            assertThat(second.shadow()).isEqualTo("1");
        } finally {
            channel.shutdownNow();
            gateway.shutdownNow();
        }
    }

    private static @Nullable String value(Metadata headers, String name) {
        return headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
    }
}
