package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.node.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

class DemoSummaryTest {
    @Test
    void shows_cells_errors_by_reason_and_checks() throws Exception {
        List<String> lines = DemoSummary.lines(Json.read("""
                {"calls": 30, "errors": {"backend_down": 2}, "p50-ms": 1.25, "p99-ms": 9,
                 "cells": {"east": {"calls": 30, "errors": {"backend_down": 2}, "p50-ms": 1.25, "p99-ms": 9}},
                 "operations": {"a.B/C": {"calls": 30, "errors": {}, "p50-ms": 1, "p99-ms": 2}},
                 "acknowledged-transfers": 7, "checks": {"phones": true, "ledger": false}}"""));
        assertThat(lines)
                .anyMatch(line -> line.matches("cell east +30 +1\\.[23] +9\\.0  backend_down 2"))
                .anyMatch(line -> line.matches("a\\.B/C +30 +1\\.0 +2\\.0  0"))
                .contains("phones: passed", "ledger: FAILED, with 7 acknowledged transfers")
                .noneMatch(line -> line.startsWith("moves"));
    }

    @Test
    void shows_how_moves_went_where_shards_moved() throws Exception {
        assertThat(DemoSummary.lines(Json.read("""
                {"moves": {"moved": 12, "longest-freeze-ms": 48.4}}""")))
                .contains("moves: 12 shards moved to another cell, each closed for 48 ms at most");
        assertThat(DemoSummary.lines(Json.read("""
                {"moves": {"moved": 1, "longest-freeze-ms": 9, "problem": "shard 7: lost"}}""")))
                .contains("moves: 1 shards moved to another cell, each closed for 9 ms at most; FAILED: shard 7: lost");
    }
}
