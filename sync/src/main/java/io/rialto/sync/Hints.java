package io.rialto.sync;

import java.util.Collection;
import java.util.List;

/** Tells the nodes that hold devices that there is something to read. May be lost; from any thread, does not block. */
public interface Hints {
    /** There is something new for these users of this cell. */
    void stored(Collection<String> users);

    /**
     * A message of a user of this cell was committed just now, the first one of its key. Who has the user's device here
     * need not read it.
     */
    default void stored(Publication message, long sequence) {
        stored(List.of(message.user()));
    }

    /** There is something new in the topic's messages to everyone. */
    void storedForEveryone(String topic);

    /** Tells two. */
    default Hints and(Hints other) {
        Hints first = this;
        return new Hints() {
            @Override
            public void stored(Collection<String> users) {
                first.stored(users);
                other.stored(users);
            }

            @Override
            public void stored(Publication message, long sequence) {
                first.stored(message, sequence);
                other.stored(message, sequence);
            }

            @Override
            public void storedForEveryone(String topic) {
                first.storedForEveryone(topic);
                other.storedForEveryone(topic);
            }
        };
    }
}
