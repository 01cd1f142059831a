package io.rialto.gateway.transport;

import java.util.concurrent.TimeUnit;

/** Counts the frames of one HTTP/2 connection that cost it less than us, and ends it by a failure when they are too many. */
final class Http2Floods {
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** WINDOW_UPDATE frames that may come without anything sent to update for. */
    private static final int MAX_WINDOW_CREDIT = 200;

    private final TransportSettings.Floods limits;
    private long since;
    private int resets;
    private int controls;
    private int emptyFrames;
    private int windows;
    private int windowCredit = MAX_WINDOW_CREDIT;

    Http2Floods(TransportSettings.Floods limits, long now) {
        this.limits = limits;
        this.since = now;
    }

    /** A stream that is reset, by either side, or that might as well be. */
    void reset(long now) throws Http2Failure {
        resets = count(resets, limits.resets(), ConnectionEnd.RESET_FLOOD, now);
    }

    /** A frame that changes little or nothing here. */
    void control(long now) throws Http2Failure {
        controls = count(controls, limits.controls(), ConnectionEnd.CONTROL_FLOOD, now);
    }

    /** DATA without content, or for nobody. */
    void emptyFrame(long now) throws Http2Failure {
        emptyFrames = count(emptyFrames, limits.emptyFrames(), ConnectionEnd.EMPTY_FRAME_FLOOD, now);
    }

    /** DATA that a window let out only by drops. */
    void drop(long now) throws Http2Failure {
        windows = count(windows, limits.windows(), ConnectionEnd.WINDOW_FLOOD, now);
    }

    /** A whole frame of DATA was sent: one window update for its stream and one for the connection are due. */
    void sent() {
        windowCredit = Math.min(MAX_WINDOW_CREDIT, windowCredit + 2);
    }

    void windowUpdate(long now) throws Http2Failure {
        if (windowCredit > 0) {
            windowCredit--;
        } else {
            drop(now);
        }
    }

    private int count(int before, int limit, ConnectionEnd cause, long now) throws Http2Failure {
        int counted = before;
        if (now - since > WINDOW_NANOS) {
            since = now;
            resets = 0;
            controls = 0;
            emptyFrames = 0;
            windows = 0;
            counted = 0;
        }
        if (counted >= limit) {
            throw new Http2Failure(cause, cause.label() + ": more than " + limit + " in 10 seconds");
        }
        return counted + 1;
    }
}
