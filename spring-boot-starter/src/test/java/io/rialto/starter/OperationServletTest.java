package io.rialto.starter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import com.google.protobuf.StringValue;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.rialto.protocol.Caller;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

final class OperationServletTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static ConfigurableApplicationContext backend;
    private static ManagedChannel channel;
    private static String base;

    @BeforeAll
    static void start(@TempDir Path directory) throws IOException {
        backend = new SpringApplicationBuilder(EchoBackend.class)
                .run(
                        "--server.port=0",
                        "--server.address=127.0.0.1",
                        "--rialto.service=echo",
                        "--rialto.max-body-bytes=1000",
                        "--rialto.caller-keys-file=" + TestKeys.file(directory));
        int port = backend.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
        base = "http://127.0.0.1:" + port;
        channel =
                NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        backend.close();
    }

    private static HttpRequest.Builder request(String operation) {
        return HttpRequest.newBuilder(URI.create(base + "/" + operation))
                .header("content-type", "application/json")
                .header("rialto-caller", TestKeys.token(operation));
    }

    private static HttpResponse<String> post(String operation, String body) throws Exception {
        return send(request(operation).POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void answers_protobuf_as_json_and_hands_the_caller_over() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Say", "\"hi\"");
        assertThat(answer.body()).isEqualTo("\"hi to 100000000042 at 7/3\"");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/json");
    }

    @Test
    void takes_the_version_of_global_data_from_its_caller_and_gives_a_newer_one_back() throws Exception {
        HttpRequest.Builder call = request("test.Echo/Version").header("rialto-global-version", "7");
        HttpResponse<String> newer = send(call.POST(HttpRequest.BodyPublishers.ofString("\"9\"")));
        assertThat(newer.body()).isEqualTo("\"7\"");
        assertThat(newer.headers().firstValue("rialto-global-version")).hasValue("9");
        HttpResponse<String> older = send(call.POST(HttpRequest.BodyPublishers.ofString("\"6\"")));
        assertThat(older.headers().firstValue("rialto-global-version")).isEmpty();
        HttpResponse<String> wrong = send(request("test.Echo/Version")
                .header("rialto-global-version", "-1")
                .POST(HttpRequest.BodyPublishers.ofString("\"6\"")));
        assertThat(wrong.body()).contains("malformed_frame");
    }

    @Test
    void gives_the_marker_of_what_was_written_and_takes_it_back_from_the_same_user() throws Exception {
        HttpRequest.Builder call = request("test.Echo/Written");
        HttpResponse<String> first = send(call.POST(HttpRequest.BodyPublishers.ofString("\"u-east;3;0/A\"")));
        assertThat(first.body()).isEqualTo("\"\"");
        String marker = first.headers().firstValue("rialto-written").orElseThrow();
        assertThat(marker).matches("u-east;3;0/A;[A-Za-z0-9_-]{8}");
        HttpResponse<String> second = send(call.header("rialto-written", "nonsense," + marker)
                .POST(HttpRequest.BodyPublishers.ofString("\"u-east;3;0/B\"")));
        assertThat(second.body()).isEqualTo("\"u-east;3;0/A\"");
        assertThat(second.headers().firstValue("rialto-written").orElseThrow()).startsWith("u-east;3;0/B;");
    }

    @Test
    void maps_a_refusal_for_a_user_behind_to_read_only() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Fail", "\"behind\"");
        assertThat(answer.statusCode()).isEqualTo(412);
        assertThat(answer.body())
                .contains("\"failed_precondition\"", "\"read_only\"")
                .doesNotContain("user 1");
    }

    @Test
    void answers_an_idempotent_operation_by_get() throws Exception {
        HttpResponse<String> other = send(request("test.Echo/Greet").GET());
        assertThat(other.statusCode()).isEqualTo(405);
        assertThat(other.body()).contains("\"reason\":\"method_not_allowed\"");
    }

    @Test
    void answers_protobuf_as_protobuf() throws Exception {
        HttpResponse<byte[]> answer = HTTP.send(
                request("test.Echo/Say")
                        .setHeader("content-type", "application/proto")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(
                                StringValue.of("hi").toByteArray()))
                        .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        assertThat(StringValue.parseFrom(answer.body()).getValue()).isEqualTo("hi to 100000000042 at 7/3");
        assertThat(answer.headers().firstValue("content-type")).hasValue("application/proto");
    }

    @Test
    void answers_any_jackson_type() throws Exception {
        assertThat(post("test.Echo/Greet", "{\"text\":\"you\"}").body()).isEqualTo("{\"text\":\"hello you\"}");
        assertThat(post("test.Echo/Greet", "{\"text\":").body()).contains("\"reason\":\"invalid_json\"");
        assertThat(post("test.Echo/Greet", "null").body()).contains("\"reason\":\"invalid_json\"");
        HttpResponse<String> proto = send(request("test.Echo/Greet")
                .setHeader("content-type", "application/proto")
                .POST(HttpRequest.BodyPublishers.noBody()));
        assertThat(proto.statusCode()).isEqualTo(415);
    }

    @Test
    void hands_key_trace_and_deadline_over() throws Exception {
        HttpResponse<String> answer = send(request("test.Echo/Context")
                .header("idempotency-key", "k-1")
                .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                .header("rialto-timeout", "500")
                .POST(HttpRequest.BodyPublishers.ofString("\"\"")));
        assertThat(answer.body()).isEqualTo("\"k-1 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 true\"");
        HttpResponse<String> late = send(request("test.Echo/Context")
                .header("rialto-timeout", "0")
                .POST(HttpRequest.BodyPublishers.ofString("\"\"")));
        assertThat(late.statusCode()).isEqualTo(504);
    }

    @Test
    void names_the_user_that_a_login_binds() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Login", "\"100000000042\"");
        assertThat(answer.headers().firstValue("rialto-bind-user")).hasValue("100000000042");
        assertThat(answer.body()).isEqualTo("\"welcome\"");
    }

    @Test
    void sends_a_refusal_with_code_reason_and_status() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Fail", "\"refuse\"");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.headers().firstValue("rialto-reason")).hasValue("insufficient_funds");
        assertThat(answer.body())
                .isEqualTo(
                        "{\"code\":\"failed_precondition\",\"reason\":\"insufficient_funds\",\"message\":\"it is 100% — no more\"}");
    }

    @Test
    void tells_nothing_of_an_unexpected_failure() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Fail", "\"break\"");
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body()).contains("\"code\":\"internal\"").doesNotContain("secret");
    }

    @Test
    void maps_the_fence_to_fenced() throws Exception {
        HttpResponse<String> answer = post("test.Echo/Fail", "\"fence\"");
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.body()).contains("\"code\":\"aborted\",\"reason\":\"fenced\"");
        assertThat(answer.headers().firstValue("rialto-fence-next")).contains("west;5");
    }

    @Test
    void refuses_bodies_that_are_wrong_or_too_long() throws Exception {
        assertThat(post("test.Echo/Say", "\"hi").body()).contains("\"reason\":\"invalid_json\"");
        assertThat(send(request("test.Echo/Say")
                                .setHeader("content-type", "application/proto")
                                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[] {10, 100})))
                        .body())
                .contains("\"reason\":\"invalid_body\"");
        assertThat(post("test.Echo/Say", "\"" + "x".repeat(1000) + "\"").statusCode())
                .isEqualTo(413);
        byte[] chunked = ("\"" + "x".repeat(5000) + "\"").getBytes(StandardCharsets.US_ASCII);
        assertThat(send(request("test.Echo/Say")
                                .POST(HttpRequest.BodyPublishers.ofInputStream(
                                        () -> new java.io.ByteArrayInputStream(chunked))))
                        .statusCode())
                .isEqualTo(413);
        assertThat(send(request("test.Echo/Say")
                                .setHeader("content-type", "text/plain")
                                .POST(HttpRequest.BodyPublishers.noBody()))
                        .statusCode())
                .isEqualTo(415);
    }

    @Test
    void answers_nobody_without_a_good_token() throws Exception {
        String past = TestKeys.TOKENS.mint(
                Caller.builder("edge", "test.Echo/Say", 1_000, 2_000).build());
        String other = TestKeys.token("test.Echo/Greet");
        String forged = TestKeys.token("test.Echo/Say").replaceFirst(".$", "!");
        for (String token : new String[] {"", "nonsense", past, other, forged}) {
            HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create(base + "/test.Echo/Say"))
                    .header("content-type", "application/json")
                    .header("rialto-caller", token)
                    .POST(HttpRequest.BodyPublishers.ofString("\"hi\"")));
            assertThat(answer.statusCode()).as(token).isEqualTo(401);
            assertThat(answer.body()).as(token).doesNotContain("hi to");
        }
        HttpResponse<String> none = send(HttpRequest.newBuilder(URI.create(base + "/anything")));
        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(none.body()).contains("\"reason\":\"wrong_token\"");
        assertThat(send(request("test.Echo/None")).statusCode()).isEqualTo(404);
    }

    @Test
    void answers_health_to_anyone() throws Exception {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(URI.create(base + "/health")));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("{\"status\":\"up\"}");
    }

    private static MethodDescriptor<StringValue, StringValue> method(String name) {
        return MethodDescriptor.<StringValue, StringValue>newBuilder()
                .setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(name)
                .setRequestMarshaller(marshaller(StringValue.getDefaultInstance()))
                .setResponseMarshaller(marshaller(StringValue.getDefaultInstance()))
                .build();
    }

    private static <T extends Message> MethodDescriptor.Marshaller<T> marshaller(T prototype) {
        return ProtoUtils.marshaller(prototype);
    }

    private static StringValue grpc(String operation, String text) {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("rialto-caller", Metadata.ASCII_STRING_MARSHALLER), TestKeys.token(operation));
        return ClientCalls.blockingUnaryCall(
                ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)),
                method(operation),
                CallOptions.DEFAULT,
                StringValue.of(text));
    }

    @Test
    void answers_a_grpc_client() {
        assertThat(grpc("test.Echo/Say", "hi").getValue()).isEqualTo("hi to 100000000042 at 7/3");
    }

    @Test
    void refuses_a_grpc_client_in_trailers() {
        assertThatThrownBy(() -> grpc("test.Echo/Fail", "refuse"))
                .isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
                    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
                    assertThat(e.getStatus().getDescription()).isEqualTo("it is 100% — no more");
                    assertThat(e.getTrailers().get(Metadata.Key.of("rialto-reason", Metadata.ASCII_STRING_MARSHALLER)))
                            .isEqualTo("insufficient_funds");
                });
        assertThatThrownBy(() -> ClientCalls.blockingUnaryCall(
                        channel, method("test.Echo/Say"), CallOptions.DEFAULT, StringValue.of("hi")))
                .isInstanceOfSatisfying(
                        StatusRuntimeException.class,
                        e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED));
    }
}
