package io.rialto.client.fake;

import io.rialto.protocol.sync.ServerFrame;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/** What the network or the platform does to the frames of a stream; made anew for each stream. */
@FunctionalInterface
public interface FrameFault {
    /**
     * The frames to send instead of one, in order; or null to cut the stream here.
     *
     * @param index of the frame in its stream, from 0
     */
    @org.jspecify.annotations.Nullable
    List<ServerFrame> on(int index, ServerFrame frame);

    /** Nothing goes wrong. */
    static FrameFault none() {
        return (index, frame) -> List.of(frame);
    }

    /** The stream is cut instead of its frame of this index. */
    static FrameFault cutAt(int last) {
        return (index, frame) -> index >= last ? null : List.of(frame);
    }

    /** Beats are swallowed. */
    static FrameFault neverBeats() {
        return (index, frame) -> frame.kind() == ServerFrame.Kind.BEAT ? List.of() : List.of(frame);
    }

    /** Batches are swallowed, doubled, repeated late, and the stream is cut, each now and then. */
    static FrameFault random(long seed) {
        Random random = new Random(seed);
        Deque<ServerFrame> seen = new ArrayDeque<>();
        return (index, frame) -> {
            if (frame.kind() != ServerFrame.Kind.BATCH) {
                return List.of(frame);
            }
            seen.add(frame);
            int dice = random.nextInt(20);
            if (dice == 0) {
                return null;
            }
            if (dice == 1) {
                return List.of();
            }
            List<ServerFrame> frames = new ArrayList<>(List.of(frame));
            if (dice < 5) {
                frames.add(dice == 2 ? frame : seen.peek());
            }
            if (seen.size() > 3) {
                seen.poll();
            }
            return frames;
        };
    }
}
