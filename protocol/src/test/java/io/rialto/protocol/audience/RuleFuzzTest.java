package io.rialto.protocol.audience;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class RuleFuzzTest {
    private static final String[] WORDS = {
        "attribute",
        "all",
        "any",
        "not",
        "time",
        "share",
        "is",
        "in",
        "not-in",
        "prefix",
        "version",
        "exists",
        "from",
        "to",
        "until",
        "by",
        "salt",
        "below",
        "user",
        "1.0.0.6",
        "2026-03-01T00:00:00Z"
    };

    @FuzzTest
    void any_tree_is_a_rule_that_answers_or_is_refused(FuzzedDataProvider data) {
        Rule rule;
        try {
            rule = Rule.of(tree(data, 0));
        } catch (IllegalArgumentException refused) {
            if (refused.getMessage() == null || !refused.getMessage().contains("expected: ")) {
                throw refused;
            }
            return;
        }
        String value = data.consumeString(20);
        rule.matches(name -> value, data.consumeLong());
        rule.matches(name -> null, data.consumeLong());
    }

    private static Object tree(FuzzedDataProvider data, int depth) {
        return switch (data.consumeInt(0, depth > 12 ? 3 : 6)) {
            case 0 -> data.consumeLong();
            case 1 -> data.consumeBoolean();
            case 2 -> data.consumeString(40);
            case 3 -> WORDS[data.consumeInt(0, WORDS.length - 1)];
            case 4 -> {
                List<Object> list = new ArrayList<>();
                for (int i = data.consumeInt(0, 3); i > 0; i--) {
                    list.add(tree(data, depth + 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = data.consumeInt(0, 3); i > 0; i--) {
                    map.put(WORDS[data.consumeInt(0, WORDS.length - 1)], tree(data, depth + 1));
                }
                yield map;
            }
        };
    }
}
