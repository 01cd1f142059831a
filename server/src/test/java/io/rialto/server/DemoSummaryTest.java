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
                .contains("phones: passed", "ledger: FAILED, with 7 acknowledged transfers");
    }
}
