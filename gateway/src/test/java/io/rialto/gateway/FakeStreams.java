package io.rialto.gateway;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Takes streams, keeps what it hears, and says what it is told to say. */
final class FakeStreams implements DeviceStreams {
    final BlockingQueue<Opened> opened = new LinkedBlockingQueue<>();

    /** A stream that was opened, and what was heard of it since. */
    static final class Opened implements DeviceStream.Listener {
        final StreamCaller caller;
        final String hello;
        final DeviceStream stream;
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

        private Opened(StreamCaller caller, byte[] hello, DeviceStream stream) {
            this.caller = caller;
            this.hello = new String(hello, StandardCharsets.UTF_8);
            this.stream = stream;
        }

        @Override
        public void message(byte[] message) {
            heard.add(message.length > 100 ? message.length + " bytes" : new String(message, StandardCharsets.UTF_8));
        }

        @Override
        public void writable() {
            heard.add("(writable)");
        }

        @Override
        public void drain() {
            heard.add("(drain)");
        }

        @Override
        public void closed() {
            heard.add("(closed)");
        }

        /** What is heard next, waiting for it. */
        String next() throws InterruptedException {
            return String.valueOf(heard.poll(10, TimeUnit.SECONDS));
        }

        /** Does something on the stream's loop, and waits until it is done. */
        void on(Runnable action) throws Exception {
            stream.loop().submit(action).get(10, TimeUnit.SECONDS);
        }

        void say(String text) throws Exception {
            on(() -> stream.send(text.getBytes(StandardCharsets.UTF_8)));
        }
    }

    @Override
    public void open(StreamCaller caller, byte[] hello, DeviceStream stream) {
        Opened now = new Opened(caller, hello, stream);
        stream.listener(now);
        opened.add(now);
    }

    Opened next() throws InterruptedException {
        Opened next = opened.poll(10, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("no stream was opened within 10 s");
        }
        return next;
    }
}
