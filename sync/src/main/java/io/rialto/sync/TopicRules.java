package io.rialto.sync;

import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.Hello;
import io.rialto.protocol.sync.SyncKey;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Which sequences a device has to do with. */
final class TopicRules {
    private final Function<String, @Nullable Topic> topics;

    TopicRules(Function<String, @Nullable Topic> topics) {
        this.topics = topics;
    }

    /** Those of the topics of an app: a user may be one of several apps. */
    List<SyncKey> ofApp(String app, List<SyncKey> all) {
        List<SyncKey> own = new ArrayList<>(all.size());
        for (SyncKey key : all) {
            Topic topic = topics.apply(key.topic());
            if (topic != null && topic.app().equals(app)) {
                own.add(key);
            }
        }
        return own;
    }

    /**
     * What a device claims of topics that there are. A topic that was taken out of the configuration is no fault of a
     * device that remembers it.
     */
    List<SyncKey> known(String app, List<SyncKey> claimed) throws ProtocolException {
        if (claimed.isEmpty()) {
            return claimed;
        }
        List<SyncKey> known = new ArrayList<>(claimed.size());
        for (SyncKey key : claimed) {
            Topic topic = topics.apply(key.topic());
            if (topic != null && !topic.app().equals(app)) {
                throw new ProtocolException(
                        Reason.WRONG_APP,
                        Progress.name(key) + ": key of another app (expected: topics of " + app + ")");
            }
            if (topic != null) {
                known.add(key);
            }
        }
        return known;
    }

    /** The version that a device says. */
    long version(Hello hello) throws ProtocolException {
        if (hello.appVersion().isEmpty()) {
            return Versions.UNKNOWN;
        }
        try {
            return Versions.parse(hello.appVersion());
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(Reason.MALFORMED_FRAME, "hello: " + e.getMessage());
        }
    }
}
