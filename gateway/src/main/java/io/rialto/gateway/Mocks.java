package io.rialto.gateway;

import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;
import io.rialto.gateway.config.HeaderRules;
import io.rialto.gateway.config.MockRule;
import io.rialto.gateway.http.HeaderList;
import java.util.Arrays;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Answers in place of a backend: fixed, for a share of calls, by what a call holds, or as recorded. */
final class Mocks {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final JsonNode NOTHING = JSON.missingNode();

    private Mocks() {}

    /** Answers if the rule has an answer for this call. */
    static boolean answer(Exchange x, OperationState operation, MockRule rule) {
        if (!falls(x, rule.percent())) {
            return false;
        }
        JsonNode body = NOTHING;
        for (MockRule.Answer answer : rule.answers()) {
            if (answer.pointer() != null && body.isMissingNode()) {
                body = parse(x);
            }
            if (matches(x, answer, body) && falls(x, answer.percent())) {
                give(x, answer);
                return true;
            }
        }
        Samples.Sample sample = rule.recorded() ? operation.samples.choose(hash(x)) : null;
        if (sample == null) {
            return false;
        }
        HeaderList headers = new HeaderList(8).add(Names.CONTENT_TYPE, sample.contentType());
        x.answer(sample.status(), headers, Unpooled.wrappedBuffer(sample.body()));
        return true;
    }

    private static boolean falls(Exchange x, int percent) {
        return percent >= 100 || x.local.random.nextInt(100) < percent;
    }

    /** Equal calls get equal samples. */
    private static int hash(Exchange x) {
        return Arrays.hashCode(x.bodyBytes()) * 31
                + String.valueOf(x.identity.user()).hashCode();
    }

    private static JsonNode parse(Exchange x) {
        try {
            return JSON.readTree(x.bodyBytes());
        } catch (JacksonException notJson) {
            return JSON.nullNode(); // no rule that looks into the body matches it
        }
    }

    private static boolean matches(Exchange x, MockRule.Answer answer, JsonNode body) {
        AsciiString header = answer.header();
        if (header != null) {
            AsciiString value = x.headers.get(header);
            return value != null && value.contentEquals(answer.headerValue());
        }
        JsonPointer pointer = answer.pointer();
        return pointer == null || body.at(pointer).equals(answer.expected());
    }

    private static void give(Exchange x, MockRule.Answer answer) {
        HeaderList headers = new HeaderList(8);
        for (HeaderRules.Field field : answer.headers()) {
            headers.add(field.name(), field.value());
        }
        headers.add(Names.CONTENT_TYPE, Names.JSON);
        x.answer(answer.status(), headers, Unpooled.wrappedBuffer(answer.body()));
    }
}
