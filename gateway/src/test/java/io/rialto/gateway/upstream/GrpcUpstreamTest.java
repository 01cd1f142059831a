package io.rialto.gateway.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.rialto.protocol.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GrpcUpstreamTest {
    private final TestClient client = new TestClient();

    @AfterEach
    void close() {
        client.close();
    }

    /** Messages as they are, so that the test needs no generated code. */
    private static final class Text implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String value) {
            return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream stream) {
            try {
                return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static Server server(UnaryOperator<String> method) throws IOException {
        MethodDescriptor<String, String> descriptor = MethodDescriptor.<String, String>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName("wallet.Balance/Get")
                .setRequestMarshaller(new Text())
                .setResponseMarshaller(new Text())
                .build();
        return NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(ServerServiceDefinition.builder("wallet.Balance")
                        .addMethod(descriptor, ServerCalls.asyncUnaryCall((request, answers) -> {
                            try {
                                answers.onNext(method.apply(request));
                                answers.onCompleted();
                            } catch (IllegalStateException refused) {
                                Metadata trailers = new Metadata();
                                trailers.put(Metadata.Key.of("x-why", Metadata.ASCII_STRING_MARSHALLER), "so");
                                answers.onError(
                                        Status.fromCodeValue(Integer.parseInt(String.valueOf(refused.getMessage())))
                                                .withDescription("refused")
                                                .asRuntimeException(trailers));
                            }
                        }))
                        .build())
                .build()
                .start();
    }

    private static Address address(Server server) {
        return new Address("127.0.0.1", server.getPort());
    }

    @Test
    void calls_a_real_grpc_server() throws IOException {
        Server server = server(request -> "hello " + request);
        try {
            client.with("grpc", "", address(server));
            TestClient.Result.Answer answer = client.answers("world", false);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(answer.body()).isEqualTo("hello world");
            assertThat(answer.headers()).containsEntry("grpc-status", "0");
            String large = "0123456789abcdef".repeat(100_000);
            assertThat(client.answers(large, false).body()).isEqualTo("hello " + large);
            assertThat(client.answers("", false).body()).isEqualTo("hello ");
        } finally {
            server.shutdownNow();
        }
    }

    @ParameterizedTest
    @CsvSource({"3,400", "5,404", "7,403", "13,500", "16,401"})
    void gives_the_status_of_the_code(int code, int status) throws IOException {
        Server server = server(request -> {
            throw new IllegalStateException(Integer.toString(code));
        });
        try {
            client.with("grpc", "", address(server));
            TestClient.Result.Answer answer = client.answers("{}", false);
            assertThat(answer.status()).isEqualTo(status);
            assertThat(answer.headers())
                    .containsEntry("grpc-status", Integer.toString(code))
                    .containsEntry("grpc-message", "refused")
                    .containsEntry("x-why", "so");
        } finally {
            server.shutdownNow();
        }
    }

    @Test
    void sends_what_grpc_asks_for() {
        try (Http2TestServer server = new Http2TestServer(100, call -> {
            call.headers(false, ":status", "200", "content-type", "application/grpc+json");
            String seen = call.headers.get("te") + " " + call.headers.get("content-type") + " "
                    + call.headers.get("grpc-timeout");
            call.data("\0\0\0\0" + (char) seen.length() + seen, false);
            call.headers(true, "grpc-status", "0");
        })) {
            client.with("grpc", "", server.address());
            TestClient.Result.Answer answer = client.answers("{}", false);
            assertThat(answer.body()).isEqualTo("trailers application/grpc+json 5000m");
            assertThat(answer.headers()).containsEntry("content-type", "application/json");
        }
    }

    @Test
    void refuses_what_is_no_grpc_answer() {
        Http2TestServer.Script[] scripts = {
            call -> call.answer("200", "plain"),
            call -> call.answer("500", "error"),
            call -> {
                call.headers(false, ":status", "200", "content-type", "application/grpc");
                call.data("\0\0\0\0\1x", true);
            },
            call -> {
                call.headers(false, ":status", "200", "content-type", "application/grpc");
                call.data("\0\0\0\0\2x", false);
                call.headers(true, "grpc-status", "0");
            },
            call -> {
                call.headers(false, ":status", "200", "content-type", "application/grpc");
                call.data("\1\0\0\0\1x", false);
                call.headers(true, "grpc-status", "0");
            },
            call -> {
                call.headers(false, ":status", "200", "content-type", "application/grpc");
                call.data("\0\0\0\0\1x\0\0\0\0\1y", false);
                call.headers(true, "grpc-status", "0");
            },
            call -> call.headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "x"),
            call -> call.headers(true, ":status", "200", "content-type", "application/grpc", "grpc-status", "0"),
        };
        for (Http2TestServer.Script script : scripts) {
            try (Http2TestServer server = new Http2TestServer(100, script)) {
                client.with("grpc", "", server.address());
                assertThat(client.fails(true).reason()).isEqualTo(Reason.BACKEND_INVALID);
                assertThat(server.calls()).isEqualTo(1);
            }
        }
    }
}
