package io.rialto.starter;

import io.rialto.protocol.Caller;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.StringJoiner;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a call says and hears of how far writes have come: markers {@code unit;generation;place in the log}. A device keeps
 * the newest that its user was told, and brings it with each call. Where another server has taken over without the write,
 * the marker shows that this user lost something. On the wire a marker names its user too, by a hash, so that a device that several people use takes none
 * for another's.
 *
 * <p>Known on the thread that serves the call, and on others under {@link PressureTest#carry}.
 */
final class Written {
    static final ScopedValue<Written> CALL = ScopedValue.newInstance();

    /** Of a header: longer than what devices bring, of several users. */
    private static final int MAX_CHARACTERS = 2_000;

    /** Of the markers of one user, as the database reads them. */
    private static final int MAX_BROUGHT = 500;

    private static final int TAG_BYTES = 6;
    private static final Pattern MARKER =
            Pattern.compile("([a-z0-9-]{1,64};[0-9]{1,18};[0-9A-F]{1,8}/[0-9A-F]{1,8});([A-Za-z0-9_-]{8})");

    private static final Comparator<String> BY_PLACE =
            Comparator.comparingLong(Written::generation).thenComparing(Written::place, Long::compareUnsigned);

    private final boolean wanted;
    private final String user;
    private final String brought;
    private final AtomicReference<@Nullable String> newest = new AtomicReference<>();

    private Written(boolean wanted, String user, String brought) {
        this.wanted = wanted;
        this.user = user;
        this.brought = brought;
    }

    /** @param headers what the request says, one user's among others'; what is no marker is passed over */
    static Written of(Caller caller, Enumeration<String> headers) {
        String user = caller.user();
        boolean wanted = caller.device() != null && !caller.isShadow();
        if (user == null || !headers.hasMoreElements()) {
            return new Written(wanted, "", "");
        }
        String tag = tag(user);
        StringJoiner own = new StringJoiner(",");
        while (headers.hasMoreElements()) {
            String header = headers.nextElement();
            for (String one : header.length() > MAX_CHARACTERS ? new String[0] : header.split(",", -1)) {
                Matcher marker = MARKER.matcher(one.strip());
                if (marker.matches()
                        && marker.group(2).equals(tag)
                        && own.length() + marker.group(1).length() < MAX_BROUGHT) {
                    own.add(marker.group(1));
                }
            }
        }
        return new Written(wanted, user, own.toString());
    }

    <T, X extends Throwable> T serving(ScopedValue.CallableOp<T, X> call) throws X {
        return ScopedValue.where(CALL, this).call(call);
    }

    /** The call that this thread serves; null where it serves none, or a pressure test. */
    static @Nullable Written current() {
        return CALL.isBound() && !PressureTest.isOn() ? CALL.get() : null;
    }

    /** Whether the answer of the call that this thread serves should say how far its writes have come. */
    static boolean isWanted() {
        return CALL.isBound() && CALL.get().wanted;
    }

    /** The newest marker that the call was given by its own commits. */
    @Nullable
    String newest() {
        return newest.get();
    }

    /** Takes note of the marker of a commit; null where its database has none. */
    static void saw(@Nullable String marker) {
        if (marker != null && CALL.isBound()) {
            CALL.get()
                    .newest
                    .accumulateAndGet(
                            marker, (old, made) -> old == null || BY_PLACE.compare(old, marker) < 0 ? made : old);
        }
    }

    /** The user whose markers were brought. */
    String user() {
        return user;
    }

    /** The caller's own markers, joined by commas; empty where there are none. */
    String brought() {
        return brought;
    }

    /** Whether all that was brought of the unit of a marker is of earlier generations than it, and something was. */
    boolean isBefore(@Nullable String marker) {
        if (marker == null || brought.isEmpty()) {
            return false;
        }
        String unit = marker.substring(0, marker.indexOf(';') + 1);
        boolean before = false;
        for (String one : brought.split(",", -1)) {
            if (one.startsWith(unit)) {
                if (generation(one) >= generation(marker)) {
                    return false;
                }
                before = true;
            }
        }
        return before;
    }

    /** What the answer says to the user's device; null where nothing was written. */
    @Nullable
    String marker(@Nullable String ofUser) {
        String marker = newest.get();
        return marker == null || ofUser == null ? null : marker + ";" + tag(ofUser);
    }

    private static long generation(String marker) {
        return Long.parseLong(marker, marker.indexOf(';') + 1, marker.lastIndexOf(';'), 10);
    }

    private static long place(String marker) {
        int slash = marker.indexOf('/');
        return Long.parseLong(marker, marker.lastIndexOf(';') + 1, slash, 16) << 32
                | Long.parseLong(marker, slash + 1, marker.length(), 16);
    }

    private static String tag(String user) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256")
                    .digest(("rialto written\n" + user).getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(hash, TAG_BYTES));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
