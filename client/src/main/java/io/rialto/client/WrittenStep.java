package io.rialto.client;

import io.rialto.protocol.HeaderNames;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps, over restarts, the markers of the newest writes that this device was told of, and says them with each call. If a
 * city is lost and its copy elsewhere lacks such a write, the marker is what shows it, and the user goes on only when
 * that is put right.
 *
 * <p>One marker for each user, unit and generation of it: an answer of the lost city may come after one of its copy. Users are told apart by what markers end with, as several may have used the device.
 */
final class WrittenStep implements Interceptor {
    /** Of a user or two, in a unit or two, over some generations: more than a device sees in years. */
    private static final int MAX_MARKERS = 8;

    /** Longer than that many, as they usually are. */
    private static final int MAX_CHARACTERS = 1_000;

    private static final String NAME = "written";
    private static final Pattern MARKER =
            Pattern.compile("([a-z0-9-]{1,64};[0-9]{1,18});([0-9A-F]{1,8})/([0-9A-F]{1,8});([A-Za-z0-9_-]{8})");

    private final Kept kept;

    /** The latest first. */
    private final List<Matcher> markers = new ArrayList<>();

    private final Object saving = new Object();
    private String saved;
    private volatile String said;

    WrittenStep(Kept kept) {
        this.kept = kept;
        byte[] stored = kept.get(NAME);
        if (stored != null && stored.length <= MAX_CHARACTERS) {
            for (String one : new String(stored, StandardCharsets.US_ASCII).split(",", -1)) {
                Matcher marker = MARKER.matcher(one);
                if (marker.matches() && markers.size() < MAX_MARKERS) {
                    markers.add(marker);
                }
            }
        }
        said = joined();
        saved = said;
    }

    @Override
    public Answer intercept(Call call, Next next) {
        boolean named = call.protection() != Protection.PLAIN;
        String now = said;
        Answer answer = next.proceed(named && !now.isEmpty() ? call.withHeader(HeaderNames.WRITTEN, now) : call);
        boolean believed = answer.authentic() || call.protection() != Protection.SEALED;
        if (named && believed && take(answer.header(HeaderNames.WRITTEN))) {
            save();
        }
        return answer;
    }

    /** Whether it is news. */
    private synchronized boolean take(@Nullable String header) {
        Matcher marker = MARKER.matcher(header == null ? "" : header);
        if (!marker.matches()) {
            return false;
        }
        for (Matcher one : markers) {
            if (one.group(1).equals(marker.group(1)) && one.group(4).equals(marker.group(4))) {
                if (Long.compareUnsigned(place(one), place(marker)) >= 0) {
                    return false;
                }
                markers.remove(one);
                break;
            }
        }
        markers.add(0, marker);
        while (markers.size() > MAX_MARKERS || joined().length() > MAX_CHARACTERS) {
            markers.remove(markers.size() - 1);
        }
        said = joined();
        return true;
    }

    /** Before the app hears of the write, and once for all that came meanwhile. */
    private void save() {
        synchronized (saving) {
            String now = said;
            if (!now.equals(saved)) {
                kept.put(NAME, now.getBytes(StandardCharsets.US_ASCII));
                saved = now;
            }
        }
    }

    private static long place(Matcher marker) {
        return Long.parseLong(marker.group(2), 16) << 32 | Long.parseLong(marker.group(3), 16);
    }

    private String joined() {
        StringBuilder all = new StringBuilder();
        for (Matcher marker : markers) {
            all.append(all.length() == 0 ? "" : ",").append(marker.group());
        }
        return all.toString();
    }
}
