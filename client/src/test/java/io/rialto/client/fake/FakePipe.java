package io.rialto.client.fake;

import java.io.IOException;
import java.util.Map;

/** Whole messages both ways, however they are framed. */
interface FakePipe {
    /** The next message; fails at the end. */
    byte[] message() throws IOException;

    void message(byte[] bytes) throws IOException;

    void end(Map<String, String> trailers) throws IOException;

    /** Ends it as a broken network does. */
    void cut();
}
