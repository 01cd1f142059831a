package io.rialto.sync;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.audience.Attributes;
import io.rialto.protocol.audience.Rule;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Who gets a message to everyone that names a rule: decided by the rules of {@code docs/protocol.md}. */
public final class RuleAudience implements Audience {
    /** More than are read at one time; above it all are compiled anew. */
    private static final int MAX_COMPILED = 1_000;

    /** What is known of a device when it reads; a rule that asks for anything else would match nobody. */
    static final List<String> ATTRIBUTES = List.of("app-version", "cell", "device", "locale", "platform", "user");

    private final String cell;
    private final InstantSource clock;
    private final ConcurrentHashMap<String, Rule> compiled = new ConcurrentHashMap<>();

    /** @param cell of the devices that are asked about */
    public RuleAudience(String cell, InstantSource clock) {
        this.cell = cell;
        this.clock = clock;
    }

    /** The rule of a JSON text; an {@code IllegalArgumentException} tells what is wrong with it. */
    static Rule compile(String json) throws JsonException {
        return Rule.of(Json.mapper().treeToValue(Json.read(json), Object.class));
    }

    @Override
    public boolean includes(String rule, Want want) {
        Rule known = compiled.get(rule);
        if (known == null) {
            try {
                known = compile(rule);
            } catch (JsonException | IllegalArgumentException e) {
                // Of a newer version than this node: what cannot be read is for nobody.
                return false;
            }
            if (compiled.size() >= MAX_COMPILED) {
                compiled.clear();
            }
            compiled.put(rule, known);
        }
        return known.matches(attributes(want), clock.millis());
    }

    private static @Nullable String told(String text) {
        return text.isEmpty() ? null : text;
    }

    private Attributes attributes(Want want) {
        return name -> switch (name) {
            case "user" -> want.user();
            case "device" -> want.device();
            case "cell" -> cell;
            case "app-version" -> want.version() == Versions.UNKNOWN ? null : Versions.text(want.version());
            case "locale" -> told(want.locale());
            case "platform" -> told(want.platform());
            default -> null;
        };
    }
}
