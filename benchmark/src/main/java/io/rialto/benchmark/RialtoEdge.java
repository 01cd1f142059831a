package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import io.rialto.benchmark.H2Load.Target;
import io.rialto.node.DurableFiles;
import io.rialto.node.Json;
import io.rialto.node.Snapshot;
import io.rialto.node.SnapshotSigner;
import io.rialto.protocol.ServerKeyPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * An edge as operators run it, {@code rialto node --role edge}, on one event loop. Control is away: it starts from a
 * snapshot on its disk, as an edge can.
 */
record RialtoEdge(Child child, Addresses addresses, boolean http2Backend) implements Peer {
    private static final int TOKEN_KEY_BYTES = 32;

    static RialtoEdge start(Scene scene, boolean http2Backend) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory(scene.folder(), "edge");
        SecureRandom random = new SecureRandom();
        SnapshotSigner signer = SnapshotSigner.generate(random);
        DurableFiles.replace(folder.resolve("snapshot"), signer.sign(snapshot(scene, http2Backend, random)));
        int plain = Tools.freePort();
        int tls = Tools.freePort();
        Properties settings = new Properties();
        settings.putAll(Map.of(
                "edge-cell", "one",
                "edge-node", "one-1",
                "edge-public-port", Integer.toString(tls),
                "edge-plain-port", Integer.toString(plain),
                "edge-internal-port", Integer.toString(Tools.freePort()),
                "edge-tls-chain-file", scene.certificate().toString(),
                "edge-tls-key-file", scene.key().toString(),
                "edge-loops", "1",
                "edge-snapshot-file", folder.resolve("snapshot").toString(),
                "edge-snapshot-control-keys", signer.publicKey()));
        // Its load is over before it is stopped.
        settings.put("edge-drain-notice", "0s");
        // Nothing listens there: control is away.
        settings.put("edge-snapshot-control-urls", "http://127.0.0.1:" + Tools.freePort());
        Path file = folder.resolve("edge.properties");
        try (var writer = Files.newBufferedWriter(file)) {
            settings.store(writer, null);
        }
        List<String> command =
                new ArrayList<>(List.of(ProcessHandle.current().info().command().orElse("java")));
        command.addAll(JVM);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                "io.rialto.server.Rialto",
                "node",
                "--role=edge",
                "--settings=" + file));
        Child child = Child.start(folder.getFileName().toString(), scene.folder(), scene.proxyProcessor(), command)
                .awaitPort(tls, Duration.ofSeconds(30));
        return new RialtoEdge(child, new Addresses(plain, plain, tls), http2Backend);
    }

    /** One cell with all users. */
    static final String TABLE = """
            {"shards": 100,
             "cells": [{"id": "one", "type": "regional", "city": "here", "public": [], "nodes": []},
                       {"id": "all", "type": "global", "city": "here", "public": [], "nodes": []}],
             "units": [{"id": "u-one", "generation": 1, "cell": "one"},
                       {"id": "u-all", "generation": 1, "cell": "all"}],
             "assignments": [{"from": 0, "to": 99, "unit": "u-one", "epoch": 1}],
             "overrides": [],
             "global": {"unit": "u-all", "epoch": 1}}
            """;

    /** As the launcher runs it. */
    static final List<String> JVM = List.of(
            "-XX:+UseCompactObjectHeaders",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx512m");

    private static Snapshot snapshot(Scene scene, boolean http2Backend, SecureRandom random) {
        String keys = keys(ServerKeyPair.generate(1, random), random);
        String gateway = """
                {"apps": [{"id": "bench"}], "bounds": {"queue-delay-ms": 1000},
                 "backends": [{"service": "bench", "protocol": "%s", "max-connections": 512, "max-in-flight": 10000,
                               "addresses": {"one": ["127.0.0.1:%d"]}}],
                 "operations": [
                  {"name": "bench.Plain/Call", "app": "bench", "backend": "bench", "auth": "none", "route": "local"},
                  {"name": "bench.Secured/Call", "app": "bench", "backend": "bench", "auth": "device", "route": "local"}]}
                """.formatted(
                http2Backend ? "http2" : "http1", http2Backend ? scene.backendHttp2Port() : scene.backendPort());
        return new Snapshot(
                1,
                Instant.now(),
                Map.of(
                        "keys", Json.mapper().readTree(keys),
                        "gateway", Json.mapper().readTree(gateway),
                        "table", Json.mapper().readTree(TABLE)));
    }

    /** The section of that name, with one key of each kind; the caller's is {@value RialtoCell#CALLER_KEY}. */
    static String keys(ServerKeyPair server, SecureRandom random) {
        return """
                {"server": [{"suite": 1, "private": "%s", "public": "%s"}],
                 "credential": [{"id": 1, "key": "%s"}], "session": [{"id": 1, "key": "%s"}],
                 "ticket": [{"id": 1, "key": "%s"}], "caller": [{"id": "%s", "key": "%s"}]}
                """.formatted(
                        base64(server.privateKey()),
                        base64(server.key().publicKey()),
                        key(random),
                        key(random),
                        key(random),
                        RialtoCell.CALLER_KEY,
                        key(random));
    }

    private static String key(SecureRandom random) {
        byte[] key = new byte[TOKEN_KEY_BYTES];
        random.nextBytes(key);
        return base64(key);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** So that what is resident is what is in use, before and after alike. */
    @Override
    public long residentKilobytes() throws IOException, InterruptedException {
        String java = ProcessHandle.current().info().command().orElse("java");
        Path jcmd = Path.of(java).resolveSibling("jcmd");
        for (int i = 0; i < 2; i++) {
            Tools.run(List.of(jcmd.toString(), Long.toString(child.process().pid()), "GC.run"));
        }
        return child.residentKilobytes();
    }

    @Override
    public String name() {
        return http2Backend ? "Rialto, h2 to the backend" : "Rialto";
    }

    @Override
    public String description() {
        return "`rialto node --role edge`, one event loop, started from a snapshot on disk, sheds load from a queue of 1 s (default 50 ms), as its peers shed none; JVM "
                + String.join(" ", JVM);
    }

    @Override
    public boolean isJvm() {
        return true;
    }

    @Override
    public Target target(Protocol protocol) {
        return addresses().target(name(), protocol);
    }

    @Override
    public List<Child> children() {
        return List.of(child);
    }
}
