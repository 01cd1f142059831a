package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.rialto.cells.Place;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.http.Refusals;
import io.rialto.gateway.identity.Identity;
import io.rialto.gateway.identity.SealedSession;
import io.rialto.gateway.transport.InboundStream;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import org.jspecify.annotations.Nullable;

/**
 * A device's stream that is open: opens and seals its messages, and ends it when what it was opened on no longer holds. An
 * idle one costs this object and no buffer.
 */
final class LiveStream implements DeviceStream, InboundStream.Listener {
    private static final AsciiString OK = AsciiString.cached("0");

    private final Gateway gateway;
    private final LoopState local;
    private final EventLoop loop;
    private final InboundStream stream;
    private final Identity identity;

    /** Both null where the stream is signed. */
    private final @Nullable SealKey toServer;

    private final @Nullable SealKey toClient;
    private final long counter;
    private int received;
    private int sent;

    /** When the session that it was opened in ends. */
    private final long endsMillis;

    /** The configuration under which it was found in order. */
    private GatewayState checked;

    private @Nullable Listener listener;
    private boolean ended;

    LiveStream(Exchange x, InboundStream stream) {
        this.gateway = x.gateway;
        this.local = x.local;
        this.loop = x.call.loop();
        this.stream = stream;
        this.identity = x.identity;
        this.checked = x.state;
        SealedSession session = x.session;
        this.toServer = session == null ? null : session.toServer();
        this.toClient = session == null ? null : session.toClient();
        this.counter = x.counter;
        // What a signature stands on, the gateway does not know to its end: as long as a session lasts at most.
        long longest = x.nowMillis + x.state.config.bounds().ticketSeconds() * 1000L;
        this.endsMillis = session == null ? longest : session.ticket().endsSeconds() * 1000;
    }

    /** Hands it to those who serve it. */
    void open(DeviceStreams streams, StreamCaller caller, byte[] hello) {
        if (ended) {
            return;
        }
        guarded(() -> {
            streams.open(caller, hello, this);
            if (listener == null && !ended) {
                throw new IllegalStateException("a stream was opened and nobody listens");
            }
        });
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public void listener(Listener heard) {
        this.listener = heard;
    }

    @Override
    public void send(byte[] message) {
        requireLoop();
        if (ended || !isInOrder()) {
            return;
        }
        if (toClient == null) {
            stream.send(message);
        } else if (sent == Seal.MAX_FRAME) {
            refuse(Reason.EXPIRED_TICKET, "the stream has no more numbers for messages");
        } else {
            stream.send(local.seal.sealFrame(toClient, counter, ++sent, message, 0, message.length));
        }
    }

    @Override
    public boolean isWritable() {
        return !ended && stream.isWritable();
    }

    @Override
    public void end() {
        requireLoop();
        finish(new HeaderList(4).add(Names.GRPC_STATUS, OK));
    }

    @Override
    public void end(Reason reason, String message) {
        requireLoop();
        if (!ended) {
            gateway.ports().meters().refused(reason);
            finish(Refusals.trailers(reason, message));
        }
    }

    private void finish(HeaderList trailers) {
        if (!ended) {
            ended = true;
            stream.end(trailers);
        }
    }

    private void requireLoop() {
        if (!loop.inEventLoop()) {
            throw new IllegalStateException("a stream was used off its event loop");
        }
    }

    @Override
    public void message(ByteBuf message) {
        if (ended || !isInOrder()) {
            return;
        }
        byte[] bytes = ByteBufUtil.getBytes(message);
        if (toServer == null) {
            if (bytes.length > MAX_MESSAGE) {
                refuse(
                        Reason.BODY_TOO_LARGE,
                        "message of " + bytes.length + " bytes (expected: at most " + MAX_MESSAGE + ")");
                return;
            }
        } else {
            try {
                // Wraps below 1 after the last number, which then is refused.
                bytes = local.seal.openFrame(toServer, counter, ++received, bytes, 0, bytes.length);
            } catch (ProtocolException refused) {
                refuse(refused.reason(), String.valueOf(refused.getMessage()));
                return;
            }
        }
        byte[] opened = bytes;
        tell(heard -> heard.message(opened));
    }

    /** Whether all that it was opened on still holds; ends it otherwise. */
    private boolean isInOrder() {
        if (gateway.ports().clock().millis() >= endsMillis) {
            refuse(Reason.EXPIRED_TICKET, "the session that the stream was opened in has ended");
            return false;
        }
        GatewayState now = gateway.state();
        if (now == checked) {
            return true;
        }
        checked = now;
        try {
            now.checked(identity);
        } catch (ProtocolException refused) {
            refuse(refused.reason(), String.valueOf(refused.getMessage()));
            return false;
        }
        String user = identity.user();
        Place place = user == null ? null : now.table.locate(user);
        if (place != null && !place.cell().id().equals(gateway.ports().self().cell())) {
            HeaderList trailers = Refusals.trailers(Reason.WRONG_CELL, Locate.movedTo(place));
            refuse(Reason.WRONG_CELL, trailers.add(Names.CELL, Locate.hintOf(place)));
            return false;
        }
        return true;
    }

    private void refuse(Reason reason, String message) {
        refuse(reason, Refusals.trailers(reason, message));
    }

    /** Ends it and says so to both sides. */
    private void refuse(Reason reason, HeaderList trailers) {
        gateway.ports().meters().refused(reason);
        finish(trailers);
        Listener heard = listener;
        listener = null;
        if (heard != null) {
            // Later: this may be inside of a call of whoever listens.
            loop.execute(() -> guarded(heard::closed));
        }
    }

    @Override
    public void writable() {
        if (!ended) {
            tell(Listener::writable);
        }
    }

    @Override
    public void drain() {
        if (!ended) {
            tell(Listener::drain);
        }
    }

    @Override
    public void closed() {
        if (!ended) {
            ended = true;
            tell(Listener::closed);
        }
    }

    private void tell(java.util.function.Consumer<Listener> what) {
        Listener heard = listener;
        if (heard != null) {
            guarded(() -> what.accept(heard));
        }
    }

    /** A bug of who serves a stream ends that stream. */
    private void guarded(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException bug) {
            gateway.report(bug);
            if (!ended) {
                refuse(Reason.INTERNAL, "the edge failed; its log says how");
            }
        }
    }
}
