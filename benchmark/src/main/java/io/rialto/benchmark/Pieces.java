package io.rialto.benchmark;

import io.rialto.cells.Place;
import io.rialto.cells.RoutingTable;
import io.rialto.gateway.limit.TokenBucket;
import io.rialto.protocol.ContentDigest;
import io.rialto.protocol.HeaderNames;
import io.rialto.protocol.HeaderSource;
import io.rialto.protocol.MacKey;
import io.rialto.protocol.MacSigner;
import io.rialto.protocol.ProtocolException;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SealKey;
import io.rialto.protocol.SignatureAlgorithm;
import io.rialto.protocol.SignatureInput;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import tools.jackson.databind.json.JsonMapper;

/** The pieces of a call that run on the event loop, each alone: a body of 512 bytes, the headers that the SDK sends. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Pieces {
    private static final int BODY_BYTES = 512;
    private static final int USERS = 4096;
    private static final String PATH = "/wallet.Transfer/Create";

    private final Seal seal = new Seal();
    private final MacSigner signer = new MacSigner();
    private final byte[] body = new byte[BODY_BYTES];
    private final Map<String, String> headers = new HashMap<>();
    private final HeaderSource source = headers::get;
    private final String[] users = new String[USERS];
    private final TokenBucket bucket = new TokenBucket(1e8, 1_000_000, System.nanoTime());
    private final SealKey sealKey;
    private final MacKey macKey;
    private final RoutingTable table;
    private final byte[] place = new byte[BODY_BYTES + Seal.TAG_BYTES];
    private final byte[] sealed;
    private final String signatureInput;
    private final byte[] signature;
    private final String digest;
    private int next;
    private long counter;

    public Pieces() {
        Random random = new Random(42);
        byte[] key = new byte[32];
        random.nextBytes(key);
        random.nextBytes(body);
        headers.putAll(Map.of(
                HeaderNames.EDGE,
                "east/east-1/5f0c91aa",
                HeaderNames.TIME,
                "1790000000",
                HeaderNames.CONTENT_TYPE,
                "application/json",
                HeaderNames.IDEMPOTENCY_KEY,
                "b7c1a9d04e5f4a61",
                HeaderNames.TIMEOUT,
                "5000",
                "content-type",
                "application/json",
                HeaderNames.TICKET,
                "A".repeat(290)));
        digest = ContentDigest.of(body);
        headers.put("content-digest", digest);
        sealKey = Seal.key(key);
        macKey = MacSigner.key(key);
        sealed = seal.sealCall(sealKey, 17, "POST", PATH, source, body, 0, body.length);
        SignatureInput input = SignatureInput.of(
                List.of("@method", "@path", "content-digest", "content-type", HeaderNames.EDGE),
                1_790_000_000,
                "17",
                "ticket",
                SignatureAlgorithm.HMAC_SHA256);
        signatureInput = input.header();
        try {
            signature = signer.sign(macKey, input, new PlainMessage(PATH, headers));
            table = RoutingTable.parse(JsonMapper.builder().build().readTree("""
                    {"shards": 100,
                     "cells": [{"id": "east", "type": "regional", "city": "e", "public": ["https://127.0.0.1:1"],
                                "nodes": [{"id": "east-1", "internal": "127.0.0.1:2"}]},
                               {"id": "global", "type": "global", "city": "e", "public": ["https://127.0.0.1:3"],
                                "nodes": [{"id": "global-1", "internal": "127.0.0.1:4"}]}],
                     "units": [{"id": "u-east", "generation": 1, "cell": "east"},
                               {"id": "u-global", "generation": 1, "cell": "global"}],
                     "assignments": [{"from": 0, "to": 99, "unit": "u-east", "epoch": 1}],
                     "overrides": [],
                     "global": {"unit": "u-global", "epoch": 1}}
                    """));
        } catch (ProtocolException | io.rialto.cells.TableException e) {
            throw new IllegalStateException(e);
        }
        for (int i = 0; i < USERS; i++) {
            users[i] = Long.toString(100_000_000_000L + random.nextInt(1_000_000_000));
        }
    }

    @Benchmark
    public Place locate() {
        return table.locate(users[next++ & USERS - 1]);
    }

    @Benchmark
    public int seal() {
        // As the gateway does: in memory that serves again and again.
        System.arraycopy(body, 0, place, 0, body.length);
        // A counter of its own each time: the platform refuses a nonce that it has seen with the same key.
        return seal.sealAnswerInPlace(sealKey, ++counter, 200, source, place, 0, body.length);
    }

    @Benchmark
    public int open() throws ProtocolException {
        System.arraycopy(sealed, 0, place, 0, sealed.length);
        return seal.openCallInPlace(sealKey, 17, "POST", PATH, source, place, 0, sealed.length);
    }

    @Benchmark
    public boolean verify() throws ProtocolException {
        SignatureInput input = SignatureInput.parse(signatureInput, SignatureInput.LABEL);
        return signer.verify(macKey, input, new PlainMessage(PATH, headers), signature);
    }

    /** One bucket, with the clock that it needs. */
    @Benchmark
    public long rateLimit() {
        return bucket.take(System.nanoTime());
    }

    @Benchmark
    public boolean digest() throws ProtocolException {
        return ContentDigest.matches(digest, body, 0, body.length);
    }
}
