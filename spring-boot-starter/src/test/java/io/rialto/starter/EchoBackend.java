package io.rialto.starter;

import com.google.protobuf.StringValue;
import io.rialto.protocol.Caller;
import io.rialto.protocol.Code;
import io.rialto.protocol.Operation;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;

/** A backend that tests call. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
class EchoBackend {
    @Bean
    Echo echo() {
        return new Echo();
    }

    record Greeting(String text) {}

    static final class Echo {
        final CountDownLatch entered = new CountDownLatch(1);
        final CountDownLatch leave = new CountDownLatch(1);

        @Operation(value = "test.Echo/Say", idempotent = true)
        StringValue say(StringValue request, Caller caller) {
            return StringValue.of(
                    request.getValue() + " to " + caller.user() + " at " + caller.shard() + "/" + caller.epoch());
        }

        @Operation("test.Echo/Greet")
        Greeting greet(Greeting request) {
            return new Greeting("hello " + request.text());
        }

        @Operation("test.Echo/Context")
        StringValue context(StringValue request, CallContext context) {
            return StringValue.of(
                    context.idempotencyKey() + " " + context.traceparent() + " " + (context.deadline() != null));
        }

        @Operation("test.Echo/Version")
        StringValue version(StringValue now) {
            String before = Long.toString(GlobalVersion.seen());
            GlobalVersion.saw(now.getValue());
            return StringValue.of(before);
        }

        @Operation("test.Echo/Written")
        StringValue written(StringValue marker) {
            Written.saw(marker.getValue());
            Written call = Written.current();
            return StringValue.of(call == null ? "" : call.brought());
        }

        @Operation("test.Echo/Login")
        Bound<StringValue> login(StringValue request) {
            return new Bound<>(StringValue.of("welcome"), request.getValue());
        }

        @Operation("test.Echo/Fail")
        StringValue fail(StringValue how) {
            if (how.getValue().equals("refuse")) {
                throw new OperationException(Code.FAILED_PRECONDITION, "insufficient_funds", "it is 100% — no more");
            }
            if (how.getValue().equals("fence")) {
                throw new IllegalStateException(new SQLException("shard 7 is closed, next=west;epoch=5", "RL001"));
            }
            if (how.getValue().equals("behind")) {
                throw new IllegalStateException(new SQLException("user 1 is read-only", "RL003"));
            }
            if (how.getValue().equals("break")) {
                throw new IllegalStateException("secret detail");
            }
            return how;
        }

        @Operation("test.Echo/Wait")
        StringValue waits(StringValue request) throws InterruptedException {
            entered.countDown();
            leave.await();
            return request;
        }
    }
}
