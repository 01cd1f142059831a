package io.rialto.gateway.upstream;

import io.netty.channel.ChannelFuture;
import io.rialto.protocol.Reason;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** HTTP/2 connections of one loop to one backend: one as long as it has streams to give, then a few. */
@SuppressWarnings({"FutureReturnValueIgnored", "ReferenceEquality"
}) // timers that run out are harmless; links are themselves
final class Http2Pool implements Pool {
    /** A backend that allows a hundred streams per connection then serves four hundred calls of each loop at one time. */
    private static final int MAX_CONNECTIONS = 4;

    private final Backend backend;
    private final LoopContext loop;
    private final List<Http2Link> links = new ArrayList<>(MAX_CONNECTIONS);
    private final ArrayDeque<Attempt> waiting = new ArrayDeque<>();
    private @Nullable Http2Link opening;
    private boolean retired;

    Http2Pool(Backend backend, LoopContext loop) {
        this.backend = backend;
        this.loop = loop;
    }

    Backend backend() {
        return backend;
    }

    LoopContext loop() {
        return loop;
    }

    @Override
    public void send(Attempt attempt) {
        Http2Link link = lightest();
        if (link != null) {
            link.send(attempt);
        } else if (waiting.size() >= MAX_WAITING) {
            attempt.fail(Reason.BACKEND_BUSY, MAX_WAITING + " calls wait for a stream to " + backend, false);
        } else {
            waiting.add(attempt);
            connectIfNeeded();
        }
    }

    @Override
    public void forget(Attempt attempt) {
        waiting.remove(attempt);
    }

    @Override
    public void retire() {
        retired = true;
        if (waiting.isEmpty()) {
            List.copyOf(links).forEach(Http2Link::drain);
        }
    }

    private @Nullable Http2Link lightest() {
        Http2Link best = null;
        for (int i = 0; i < links.size(); i++) {
            Http2Link link = links.get(i);
            if (link.hasRoom() && (best == null || link.streams() < best.streams())) {
                best = link;
            }
        }
        return best;
    }

    private void connectIfNeeded() {
        int most = Math.min(MAX_CONNECTIONS, loop.share(backend.settings().maxConnections()));
        if (opening != null || waiting.isEmpty() || links.size() >= most) {
            return;
        }
        Http2Link link = new Http2Link(this);
        opening = link;
        loop.connector().connect(loop.eventLoop(), backend, link.handler(), done -> connected(link, done));
        // Connected is not yet ready: the backend must speak HTTP/2 first.
        int patience = 2 * backend.settings().connectMillis();
        loop.eventLoop().schedule(() -> giveUp(link), patience, TimeUnit.MILLISECONDS);
    }

    private void connected(Http2Link link, ChannelFuture done) {
        if (!done.isSuccess()) {
            closed(link, "no connection to " + backend + ": " + done.cause().getMessage());
        } else {
            done.channel().closeFuture().addListener(end -> closed(link, backend + " closed the connection"));
        }
    }

    private void giveUp(Http2Link link) {
        if (opening == link) {
            link.close();
            closed(link, backend + " accepted a connection and did not speak HTTP/2");
        }
    }

    /** Learns that a link can carry calls. */
    void ready(Http2Link link) {
        if (opening == link) {
            opening = null;
            links.add(link);
            loop.meters().add(backend.service(), UpstreamMeters.Event.CONNECTED);
            roomAgain();
        }
    }

    /** Sends waiting attempts while there is room. */
    void roomAgain() {
        while (!waiting.isEmpty()) {
            Http2Link link = lightest();
            if (link == null) {
                connectIfNeeded();
                return;
            }
            Attempt next = waiting.poll();
            link.send(next);
        }
        if (retired) {
            List.copyOf(links).forEach(Http2Link::drain);
        }
    }

    /** Learns that a link takes no more calls, or is closed. */
    void closed(Http2Link link, String how) {
        links.remove(link);
        if (opening == link) {
            opening = null;
            if (links.isEmpty()) {
                failWaiting(how);
            }
        }
        connectIfNeeded();
    }

    private void failWaiting(String how) {
        // As many as wait now: what is tried again at once waits for the next connection.
        for (int count = waiting.size(); count > 0 && !waiting.isEmpty(); count--) {
            waiting.poll().fail(Reason.BACKEND_DOWN, how, false);
        }
    }
}
