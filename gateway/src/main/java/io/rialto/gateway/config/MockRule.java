package io.rialto.gateway.config;

import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;

/**
 * Answers that the gateway gives in place of a backend.
 *
 * @param percent of calls that are mocked at all, the others go to the backend
 * @param answers the first whose conditions hold is given
 * @param recorded whether recorded answers are given where no answer matches
 */
public record MockRule(int percent, List<Answer> answers, boolean recorded) {
    static final int MAX_ANSWERS = 64;

    public MockRule {
        answers = List.copyOf(answers);
    }

    /**
     * One answer.
     *
     * @param header a header that must have a value, or null
     * @param pointer what of a JSON body must equal {@code expected}, or null
     * @param percent of the calls that it matches
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    public record Answer(
            @Nullable AsciiString header,
            String headerValue,
            @Nullable JsonPointer pointer,
            @Nullable JsonNode expected,
            int percent,
            int status,
            List<HeaderRules.Field> headers,
            byte[] body) {}

    static MockRule read(Fields fields) {
        List<Answer> answers = new ArrayList<>();
        for (Fields answer : fields.children("answers")) {
            answers.add(answer(answer));
        }
        if (answers.size() > MAX_ANSWERS) {
            fields.wrong("answers", answers.size(), "at most " + MAX_ANSWERS);
        }
        MockRule rule = new MockRule(fields.integer("percent", 100, 0, 100), answers, fields.flag("recorded", false));
        fields.end();
        return rule;
    }

    private static Answer answer(Fields fields) {
        Fields when = fields.child("when");
        String header = when.text("header", "");
        String pointerText = when.text("pointer", "");
        JsonPointer pointer = pointerText.isEmpty() ? null : when.parsed("pointer", pointerText, JsonPointer::compile);
        JsonNode equals = when.raw("equals");
        String value = header.isEmpty() || equals == null ? "" : equals.asString("");
        if (!header.matches("[a-z0-9!#$%&'*+.^_`|~-]{0,128}")) {
            when.wrong("header", header, "a lower-case header name");
        }
        if (!header.isEmpty() && !pointerText.isEmpty()) {
            when.wrong("header", header, "header or pointer, not both");
        }
        when.end();
        List<HeaderRules.Field> headers = HeaderRules.fields(fields, "headers");
        JsonNode body = fields.raw("body");
        Answer answer = new Answer(
                header.isEmpty() ? null : AsciiString.cached(header),
                value,
                pointer,
                equals,
                fields.integer("percent", 100, 1, 100),
                fields.integer("status", 200, 200, 599),
                headers,
                body == null ? new byte[0] : body.toString().getBytes(StandardCharsets.UTF_8));
        fields.end();
        return answer;
    }
}
