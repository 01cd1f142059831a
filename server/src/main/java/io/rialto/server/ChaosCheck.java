package io.rialto.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Compares a history with what the inbox holds in the end: what was acknowledged is there once, with the sequence that was
 * answered; what was published after an answer comes after it; sequences have no gap; and each device applied every message
 * of its user once, in order, and no others.
 */
final class ChaosCheck {
    /**
     * What is in the inbox.
     *
     * @param heads the last sequence of each user
     */
    record Inbox(List<Message> messages, Map<String, Long> heads) {
        Inbox {
            messages = List.copyOf(messages);
            heads = Map.copyOf(heads);
        }
    }

    record Message(String user, long sequence, String key) {}

    private record UserKey(String user, String key) {}

    private final List<String> findings = new ArrayList<>();
    private final Inbox inbox;
    private final Map<UserKey, Long> stored = new HashMap<>();
    private final Map<String, TreeMap<Long, String>> byUser = new TreeMap<>();

    private ChaosCheck(Inbox inbox) {
        this.inbox = inbox;
    }

    /**
     * What is wrong; empty where nothing is.
     *
     * @param devices the user of each device
     */
    static List<String> findings(List<ChaosEvent> history, Inbox inbox, Map<String, String> devices) {
        ChaosCheck check = new ChaosCheck(inbox);
        check.sequences();
        check.publishes(history);
        Map<String, List<ChaosEvent.Received>> received = new TreeMap<>();
        devices.keySet().forEach(device -> received.put(device, new ArrayList<>()));
        for (ChaosEvent event : history) {
            if (event instanceof ChaosEvent.Received one) {
                received.computeIfAbsent(one.device(), ignored -> new ArrayList<>())
                        .add(one);
            }
        }
        received.forEach((device, all) -> check.device(device, devices.getOrDefault(device, ""), all));
        return List.copyOf(check.findings);
    }

    private void sequences() {
        for (Message message : inbox.messages()) {
            Long before = stored.putIfAbsent(new UserKey(message.user(), message.key()), message.sequence());
            if (before != null) {
                findings.add("key " + message.key() + " is twice in the inbox of " + message.user() + ": at " + before
                        + " and " + message.sequence());
            }
            byUser.computeIfAbsent(message.user(), ignored -> new TreeMap<>()).put(message.sequence(), message.key());
        }
        byUser.forEach((user, messages) -> {
            if (messages.firstKey() != 1 || messages.lastKey() != messages.size()) {
                findings.add("inbox of " + user + ": " + messages.size() + " messages from " + messages.firstKey()
                        + " to " + messages.lastKey() + " (expected: 1 to their number, without a gap)");
            }
        });
        inbox.heads().forEach((user, last) -> {
            long highest = byUser.containsKey(user)
                    ? Objects.requireNonNull(byUser.get(user)).lastKey()
                    : 0;
            if (highest != last) {
                findings.add("inbox of " + user + ": its head says " + last + ", its last message is " + highest);
            }
        });
    }

    private void publishes(List<ChaosEvent> history) {
        Set<UserKey> invoked = new HashSet<>();
        Map<UserKey, Long> first = new HashMap<>();
        Map<String, Long> answered = new HashMap<>();
        for (ChaosEvent event : history) {
            if (event instanceof ChaosEvent.Invoked one) {
                UserKey key = new UserKey(one.user(), one.key());
                if (invoked.add(key)) {
                    later(key, answered.getOrDefault(one.user(), 0L));
                }
            } else if (event instanceof ChaosEvent.Answered one) {
                answer(one, first);
                answered.merge(one.user(), one.sequence(), Math::max);
            }
        }
        for (UserKey one : stored.keySet()) {
            if (!invoked.contains(one)) {
                findings.add("key " + one.key() + " is in the inbox of " + one.user() + ", but nobody published it");
            }
        }
    }

    /** A message that was first published when another one was acknowledged already. */
    private void later(UserKey key, long acknowledged) {
        Long there = stored.get(key);
        if (there != null && there <= acknowledged) {
            findings.add("key " + key.key() + " of " + key.user() + " is at " + there
                    + " in the inbox, but was published after " + acknowledged + " was acknowledged");
        }
    }

    private void answer(ChaosEvent.Answered answer, Map<UserKey, Long> first) {
        UserKey key = new UserKey(answer.user(), answer.key());
        Long before = first.putIfAbsent(key, answer.sequence());
        if (before != null) {
            if (before != answer.sequence()) {
                findings.add("key " + answer.key() + " of " + answer.user() + " was answered with " + before
                        + ", and later with " + answer.sequence());
            }
            return;
        }
        Long there = stored.get(key);
        if (there == null) {
            findings.add("key " + answer.key() + " of " + answer.user() + " was acknowledged with " + answer.sequence()
                    + " and is not in the inbox");
        } else if (there != answer.sequence()) {
            findings.add("key " + answer.key() + " of " + answer.user() + " was acknowledged with " + answer.sequence()
                    + ", the inbox has it at " + there);
        }
    }

    /** The first thing that is wrong with a device: what follows is mostly wrong for the same reason. */
    private void device(String device, String user, List<ChaosEvent.Received> received) {
        TreeMap<Long, String> messages = byUser.getOrDefault(user, new TreeMap<>());
        long last = 0;
        for (ChaosEvent.Received one : received) {
            String said = "device " + device + " of " + user + " applied " + one.sequence();
            String key = messages.get(one.sequence());
            if (!one.user().equals(user)) {
                findings.add(said + " of " + one.user());
                return;
            }
            if (!one.key().equals(key)) {
                findings.add(said + " with key " + one.key() + ", the inbox has " + key + " there");
                return;
            }
            if (one.sequence() != last + 1) {
                findings.add(said + " after " + last
                        + (one.sequence() <= last ? " (again, or out of order)" : " (skipped some)"));
                return;
            }
            last = one.sequence();
        }
        if (last < messages.size()) {
            findings.add("device " + device + " of " + user + " applied messages up to " + last + ", the inbox has "
                    + messages.size());
        }
    }
}
