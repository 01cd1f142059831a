package io.rialto.gateway.transport;

import java.time.Duration;

/** The bounds that a transport holds its peers to. */
public record TransportSettings(Limits limits, Times times, Floods floods) {
    /** Defaults: for phones, generous to a slow network, at a cost per connection that a node can bear. */
    public static TransportSettings defaults() {
        return new TransportSettings(Limits.defaults(), Times.defaults(), Floods.defaults());
    }

    /**
     * Sizes and numbers.
     *
     * @param connections at one listener
     * @param connectionsPerAddress from one remote address; many phones share the address of their carrier
     * @param streams calls in flight on one HTTP/2 connection
     * @param pipelined calls in flight on one HTTP/1.1 connection
     * @param headerBytes of one request's header list, as RFC 9113 counts it
     * @param headers fields of one request
     * @param bodyBytes of one request
     * @param receivedBytes of bodies that are not complete yet, on one connection
     * @param queuedBytes of answers that wait for the phone, on one connection
     */
    public record Limits(
            int connections,
            int connectionsPerAddress,
            int streams,
            int pipelined,
            int headerBytes,
            int headers,
            int bodyBytes,
            int receivedBytes,
            int queuedBytes) {
        public Limits {
            within("connections", connections, 1, 10_000_000);
            within("connections-per-address", connectionsPerAddress, 1, 10_000_000);
            within("streams", streams, 1, 10_000);
            within("pipelined", pipelined, 1, 1_000);
            within("header-bytes", headerBytes, 1 << 10, 1 << 20);
            within("headers", headers, 8, 10_000);
            within("body-bytes", bodyBytes, 0, 1 << 28);
            within("received-bytes", receivedBytes, bodyBytes, 1 << 30);
            within("queued-bytes", queuedBytes, 1 << 16, 1 << 30);
        }

        public static Limits defaults() {
            return new Limits(100_000, 10_000, 100, 16, 16 << 10, 100, 4 << 20, 16 << 20, 64 << 20);
        }
    }

    /**
     * Times; each ends the connection, but for the last.
     *
     * @param handshake from the first byte to the end of the TLS handshake, or to a request on a plain port
     * @param header for a request's head, or one frame, to arrive
     * @param body over each such time a body must come at {@code bodyBytesPerSecond} at least
     * @param bodyBytesPerSecond the least rate of a body, and of answers that wait for the phone
     * @param answer over each such time the phone must take what waits for it at that rate
     * @param idle without a call
     * @param silence of a phone on its stream; ends the stream only
     */
    public record Times(
            Duration handshake,
            Duration header,
            Duration body,
            int bodyBytesPerSecond,
            Duration answer,
            Duration idle,
            Duration silence) {
        public Times {
            positive("handshake", handshake);
            positive("header", header);
            positive("body", body);
            within("body-bytes-per-second", bodyBytesPerSecond, 1, 1 << 30);
            positive("answer", answer);
            positive("idle", idle);
            positive("silence", silence);
        }

        public static Times defaults() {
            return new Times(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    256,
                    Duration.ofSeconds(20),
                    Duration.ofMinutes(5),
                    Duration.ofMinutes(15));
        }
    }

    /**
     * How many cheap frames one HTTP/2 connection may send in 10 seconds.
     *
     * @param resets streams reset, by either side
     * @param controls SETTINGS, PING, PRIORITY and unknown frames
     * @param emptyFrames DATA without content
     * @param windows WINDOW_UPDATE frames that let almost nothing be sent
     * @param continuations CONTINUATION frames of one header block
     */
    public record Floods(int resets, int controls, int emptyFrames, int windows, int continuations) {
        public Floods {
            within("resets", resets, 1, 1 << 20);
            within("controls", controls, 4, 1 << 20);
            within("empty-frames", emptyFrames, 1, 1 << 20);
            within("windows", windows, 1, 1 << 20);
            within("continuations", continuations, 0, 1 << 10);
        }

        public static Floods defaults() {
            return new Floods(200, 200, 100, 1000, 16);
        }
    }

    private static void within(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: " + least + ".." + most + ")");
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: above 0, at most 24 hours)");
        }
    }
}
