package io.rialto.client.fake;

import io.rialto.protocol.Reason;
import java.time.Duration;

/** What goes wrong with one call of an operation. */
public sealed interface Fault {
    /** The gateway refuses it in the clear, before it is dispatched. */
    record Refuse(Reason reason) implements Fault {}

    /** The same, with a header of somebody's choice. */
    record RefuseWith(Reason reason, String name, String value) implements Fault {}

    /** The gateway answers this under the seal, instead of the handler. */
    record Answer(FakeAnswer answer) implements Fault {}

    /** The connection ends before the call is looked at. */
    record DropBefore() implements Fault {}

    /** The connection ends after the handler ran. */
    record DropAfter() implements Fault {}

    /** The handler's answer waits this long, or until the platform closes. */
    record Slow(Duration time) implements Fault {}

    /** The sealed answer arrives with one bit changed. */
    record Tamper() implements Fault {}

    /** The answer is a success in the clear. */
    record InTheClear() implements Fault {}
}
