package io.rialto.sync;

import io.rialto.cells.RoutingTable;
import io.rialto.cells.TableException;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Reason;
import io.rialto.protocol.sync.SyncKey;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;

/** Edges of the cells east, west and global, which call one another in memory. */
final class TwoCells {
    static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    static final RoutingTable TABLE = table("east", "west");

    final Map<String, Edge> edges = new HashMap<>();
    final Set<String> away = new HashSet<>();
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    Instant now = NOW;

    TwoCells() {
        for (String cell : List.of("east", "west", "global")) {
            edges.put(cell, new Edge(cell, TABLE));
        }
    }

    static RoutingTable table(String first, String second) {
        try {
            return RoutingTable.parse(Json.read("""
                    {"shards": 10,
                     "cells": [{"id":"east","nodes":[{"id":"east-1","internal":"127.0.0.1:1"}]},
                               {"id":"west","nodes":[{"id":"west-1","internal":"127.0.0.1:2"}]},
                               {"id":"global","type":"global","nodes":[{"id":"global-1","internal":"127.0.0.1:3"}]}],
                     "units": [{"id":"u-east","cell":"east"}, {"id":"u-west","cell":"west"}, {"id":"u-global","cell":"global"}],
                     "assignments": [{"from":0,"to":4,"unit":"u-%s"},{"from":5,"to":9,"unit":"u-%s","epoch":3}],
                     "global": {"unit":"u-global"}}""".formatted(first, second)));
        } catch (TableException | JsonException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Users of a cell, by the first table. */
    static List<String> users(String cell, int count) {
        return IntStream.range(1, 10_000)
                .mapToObj(Integer::toString)
                .filter(user -> TABLE.locate(user).cell().id().equals(cell))
                .limit(count)
                .toList();
    }

    Edge edge(String cell) {
        Edge edge = edges.get(cell);
        if (edge == null) {
            throw new IllegalArgumentException(cell);
        }
        return edge;
    }

    final class Edge implements Peers, Hints {
        final FakeInbox inbox = new FakeInbox();
        final FakeBroadcasts broadcasts = new FakeBroadcasts();
        final FakeTraces traces = new FakeTraces();
        final FakeSchedule schedule = new FakeSchedule();
        final BroadcastCopies copies;
        final List<String> hinted = new ArrayList<>();
        final List<String> hintedTopics = Collections.synchronizedList(new ArrayList<>());
        volatile Runnable onHintedTopic = () -> {};
        final Map<String, InboxService.Handler> operations = new HashMap<>();
        RoutingTable table;
        SyncConfig config = new SyncConfig(
                Map.of(
                        "payments",
                        Topic.of("payments", "wallet"),
                        "news",
                        new Topic(
                                "news",
                                "wallet",
                                Duration.ofDays(7),
                                0,
                                100,
                                Duration.ofHours(1),
                                Duration.ofDays(2),
                                true,
                                true,
                                true)),
                List.of());

        Edge(String cell, RoutingTable table) {
            this.table = table;
            InboxPorts ports = new InboxPorts(
                    cell,
                    () -> this.table,
                    () -> config,
                    inbox,
                    traces,
                    broadcasts,
                    schedule,
                    this,
                    this,
                    InboxMeters.NONE,
                    () -> now,
                    Runnable::run);
            copies = new BroadcastCopies(ports, new Random(1));
            new InboxService(ports, copies)
                    .operations()
                    .forEach(operation -> operations.put(operation.path(), operation.handler()));
        }

        CompletionStage<byte[]> call(String path, InboxCall call) {
            calls.add(path);
            InboxService.Handler handler = operations.get(path);
            if (handler == null) {
                throw new IllegalArgumentException(path);
            }
            return handler.answer(call);
        }

        @Override
        public List<String> nodes() {
            return List.of();
        }

        @Override
        public CompletionStage<byte[]> toNode(String node, String operation, byte[] body, Duration timeout) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<byte[]> toCell(String cell, String operation, byte[] body, Duration timeout) {
            return away.contains(cell)
                    ? CompletableFuture.failedFuture(new ProtocolException(Reason.CELL_UNREACHABLE, "cell: " + cell))
                    : edge(cell).call(operation, new InboxCall(null, false, body, timeout));
        }

        @Override
        public void stored(Collection<String> users) {
            hinted.addAll(users);
        }

        @Override
        public void storedForEveryone(String topic) {
            hintedTopics.add(topic);
            onHintedTopic.run();
        }
    }

    static final class FakeSchedule implements Schedule {
        final List<Publication> added = new ArrayList<>();
        final Set<ScheduledId> waiting = new HashSet<>();

        @Override
        public CompletableFuture<Scheduled> add(Publication publication, long notBeforeMillis, String repeat) {
            added.add(publication);
            ScheduledId id = new ScheduledId(publication.topic(), added.size(), publication.user());
            waiting.add(id);
            return CompletableFuture.completedFuture(new Scheduled(id, false));
        }

        @Override
        public CompletableFuture<Boolean> cancel(ScheduledId id) {
            return CompletableFuture.completedFuture(waiting.remove(id));
        }
    }

    static final class FakeTraces implements Traces {
        final List<Trace> traces = new ArrayList<>();

        @Override
        public void note(List<StepNote> notes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Optional<Trace> trace(MessageId message, String user) {
            return traces.stream().filter(trace -> trace.id().equals(message)).findFirst();
        }

        @Override
        public List<Trace> traceUser(String user, int limit) {
            return traces.stream()
                    .filter(trace -> trace.id().user().equals(user))
                    .limit(limit)
                    .toList();
        }
    }

    /** Pages of a topic's sequence, kept as a database would. */
    static final class FakeBroadcasts implements Broadcasts {
        static final long INBOX = 77;

        final Map<String, List<Row>> topics = new HashMap<>();
        long inbox = INBOX;

        void store(Publication publication, Instant at) {
            List<Row> rows = topics.computeIfAbsent(publication.topic(), topic -> new ArrayList<>());
            rows.add(new Row(rows.size() + 1, publication, at, null));
        }

        @Override
        public Optional<Page> after(String topic, long sequence, int limit) {
            List<Row> rows = topics.getOrDefault(topic, List.of()).stream()
                    .filter(row -> row.sequence() > sequence)
                    .limit(limit)
                    .toList();
            return rows.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Page(
                            sequence + 1,
                            new SyncKey(topic, true, inbox, rows.getLast().sequence()),
                            rows));
        }

        @Override
        public long highestBroadcast(String topic) {
            return topics.getOrDefault(topic, List.of()).size();
        }

        @Override
        public boolean copy(Page page) {
            long here = highestBroadcast(page.end().topic());
            if (page.first() > here + 1 || page.end().inbox() != inbox) {
                return false;
            }
            List<Row> rows = topics.computeIfAbsent(page.end().topic(), topic -> new ArrayList<>());
            page.rows().stream().filter(row -> row.sequence() > here).forEach(rows::add);
            return true;
        }
    }

    static InboxCall json(String app, String body) {
        return new InboxCall(app, true, body.getBytes(StandardCharsets.UTF_8), Duration.ofSeconds(5));
    }
}
