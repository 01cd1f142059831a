package io.rialto.gateway.upstream;

import io.netty.channel.ChannelFuture;
import io.rialto.protocol.Reason;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Keep-alive connections of one loop to one HTTP/1.1 backend. The last used is used next, so that a pool that was large
 * for a moment shrinks again.
 */
@SuppressWarnings("FutureReturnValueIgnored") // timers that run out are harmless
final class Http1Pool implements Pool {
    private final Backend backend;
    private final LoopContext loop;
    private final Http1Requests requests;
    private final ArrayDeque<Http1Connection> idle = new ArrayDeque<>();
    private final ArrayDeque<Attempt> waiting = new ArrayDeque<>();
    private final Runnable sweep = this::sweep;
    private int open;
    private int connecting;
    private boolean sweeping;
    private boolean retired;

    Http1Pool(Backend backend, LoopContext loop) {
        this.backend = backend;
        this.loop = loop;
        requests = new Http1Requests(backend.authority());
    }

    Backend backend() {
        return backend;
    }

    @Override
    public void send(Attempt attempt) {
        Http1Connection connection = idle.pollLast();
        while (connection != null) {
            if (connection.usable()) {
                connection.send(attempt);
                return;
            }
            connection = idle.pollLast();
        }
        if (waiting.size() >= MAX_WAITING) {
            attempt.fail(Reason.BACKEND_BUSY, MAX_WAITING + " calls wait for a connection to " + backend, false);
            return;
        }
        waiting.add(attempt);
        connectIfNeeded();
    }

    @Override
    public void forget(Attempt attempt) {
        waiting.remove(attempt);
    }

    @Override
    public void retire() {
        retired = true;
        Http1Connection connection = idle.pollLast();
        while (connection != null) {
            connection.close();
            connection = idle.pollLast();
        }
    }

    private void connectIfNeeded() {
        int most = loop.share(backend.settings().maxConnections());
        while (connecting < waiting.size() && open + connecting < most) {
            connecting++;
            Http1Connection connection = new Http1Connection(this, loop.flush(), requests);
            loop.connector().connect(loop.eventLoop(), backend, connection, done -> connected(connection, done));
        }
    }

    private void connected(Http1Connection connection, ChannelFuture done) {
        connecting--;
        if (!done.isSuccess()) {
            Attempt unlucky = waiting.poll();
            if (unlucky != null) {
                Throwable cause = done.cause();
                unlucky.fail(Reason.BACKEND_DOWN, "no connection to " + backend + ": " + cause.getMessage(), false);
            }
            connectIfNeeded();
            return;
        }
        open++;
        loop.meters().add(backend.service(), UpstreamMeters.Event.CONNECTED);
        released(connection, true);
    }

    /** Takes back a connection that can carry another call. */
    void released(Http1Connection connection, boolean fresh) {
        Attempt next = waiting.poll();
        if (next != null && connection.usable()) {
            connection.send(next);
        } else if (retired && next == null) {
            connection.close();
        } else {
            if (next != null) {
                waiting.addFirst(next);
            }
            connection.idleSince(loop.nanoTime());
            idle.addLast(connection);
            startSweeping();
        }
    }

    /** Learns of a connection's end. */
    void closed(Http1Connection connection) {
        open--;
        idle.remove(connection);
        connectIfNeeded();
    }

    private void startSweeping() {
        if (!sweeping) {
            sweeping = true;
            loop.eventLoop().schedule(sweep, backend.settings().idleMillis() / 4 + 1, TimeUnit.MILLISECONDS);
        }
    }

    private void sweep() {
        sweeping = false;
        long oldest = loop.nanoTime()
                - TimeUnit.MILLISECONDS.toNanos(backend.settings().idleMillis());
        Http1Connection connection = idle.peekFirst();
        while (connection != null && connection.idleSince() - oldest < 0) {
            idle.pollFirst();
            connection.close();
            connection = idle.peekFirst();
        }
        if (!idle.isEmpty()) {
            startSweeping();
        }
    }
}
