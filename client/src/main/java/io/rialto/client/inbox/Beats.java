package io.rialto.client.inbox;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How often to ask for beats: seldom where a network keeps quiet connections, often where it drops them. One number for each
 * network, kept between runs. Guarded by its engine.
 */
final class Beats {
    static final int MIN_SECONDS = 15;
    static final int MAX_SECONDS = 300;
    private static final int FIRST_SECONDS = 30;

    /** Beats in a row at one interval before a longer one is tried. */
    private static final int STEADY = 4;

    /** Networks remembered; a phone is in few at a time. */
    private static final int MAX_NETWORKS = 16;

    private static final String NOTE = "beats";

    private final Notes notes;
    private final Map<String, Integer> byNetwork = new LinkedHashMap<>(16, 0.75f, true);
    private String network = "";
    private int steady;

    Beats(Notes notes) {
        this.notes = notes;
        byte[] stored = notes.get(NOTE);
        if (stored != null) {
            parse(new String(stored, StandardCharsets.UTF_8));
        }
    }

    private void parse(String text) {
        for (String line : text.split("\n", MAX_NETWORKS + 1)) {
            int space = line.indexOf(' ');
            try {
                int seconds = Integer.parseInt(line.substring(0, Math.max(0, space)));
                byNetwork.put(line.substring(space + 1), Math.max(MIN_SECONDS, Math.min(MAX_SECONDS, seconds)));
            } catch (NumberFormatException e) {
                // a note that cannot be read is as good as none
                return;
            }
        }
    }

    /** The device is in this network now. */
    void network(String name) {
        network = name.replaceAll("\\s+", " ");
        steady = 0;
    }

    int seconds() {
        Integer known = byNetwork.get(network);
        return known == null ? FIRST_SECONDS : known;
    }

    /** A beat came in time; the interval to ask for from now on, where it is another one now. */
    @Nullable
    Integer came() {
        if (++steady < STEADY || seconds() == MAX_SECONDS) {
            return null;
        }
        set(Math.min(MAX_SECONDS, seconds() + seconds() / 2));
        return seconds();
    }

    /** A stream was found dead. */
    void died() {
        set(Math.max(MIN_SECONDS, seconds() / 2));
    }

    private void set(int seconds) {
        steady = 0;
        byNetwork.put(network, seconds);
        while (byNetwork.size() > MAX_NETWORKS) {
            byNetwork.remove(byNetwork.keySet().iterator().next());
        }
        StringBuilder text = new StringBuilder();
        byNetwork.forEach((name, value) -> text.append(text.length() == 0 ? "" : "\n")
                .append(value)
                .append(' ')
                .append(name));
        notes.put(NOTE, text.toString().getBytes(StandardCharsets.UTF_8));
    }
}
