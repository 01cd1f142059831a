package io.rialto.sync.vendor;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/** A vendor's answer. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reply(int status, HttpHeaders headers, byte[] body) {
    private static final Duration LONGEST = Duration.ofHours(1);

    boolean isFine() {
        return status >= 200 && status < 300;
    }

    /** The body's JSON; an object without keys where it is none. */
    JsonNode json() {
        try {
            JsonNode json = Json.read(body);
            return json.isObject() ? json : JsonNodeFactory.instance.objectNode();
        } catch (JsonException e) {
            return JsonNodeFactory.instance.objectNode();
        }
    }

    /** What {@code Retry-After} asks for, seconds or a date (RFC 9110, 10.2.3), up to an hour; zero where it is absent. */
    Duration retryAfter(Instant now) {
        String text = headers.firstValue("retry-after").orElse("0").strip();
        Duration asked;
        try {
            asked = text.chars().allMatch(c -> c >= '0' && c <= '9')
                    ? Duration.ofSeconds(Long.parseLong(text))
                    : Duration.between(
                            now,
                            ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                                    .toInstant());
        } catch (NumberFormatException | DateTimeException e) {
            return Duration.ZERO;
        }
        if (asked.isNegative()) {
            return Duration.ZERO;
        }
        return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
    }
}
