package io.rialto.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class ProcessTest {
    @Test
    void stops_parts_in_the_opposite_order_whatever_one_of_them_does() {
        List<String> stopped = new CopyOnWriteArrayList<>();
        CountDownLatch never = new CountDownLatch(1);
        Lifecycle lifecycle = new Lifecycle();
        lifecycle.add("first", Duration.ofSeconds(10), () -> stopped.add("first"));
        lifecycle.add("hangs", Duration.ofMillis(50), () -> never.await());
        lifecycle.add("fails", Duration.ofSeconds(10), () -> {
            stopped.add("fails");
            throw new IllegalStateException("as intended");
        });
        lifecycle.add("last", Duration.ofSeconds(10), () -> stopped.add("last"));
        lifecycle.close();
        lifecycle.close();
        assertThat(stopped).containsExactly("last", "fails", "first");
        assertThatThrownBy(() -> lifecycle.add("late", Duration.ZERO, () -> {})).hasMessageContaining("late");
    }

    @Test
    void writes_meters_as_prometheus_text() {
        Meters meters = new Meters();
        ProcessMeters.add(meters);
        Meters.Counters refused = meters.counters("rialto_refused_total", "Refused calls.", "reason");
        refused.of("stale_call").increment();
        refused.of("stale_call").add(2);
        meters.histograms("rialto_call_seconds", "Time.", new double[] {0.01, 0.1}, "cell")
                .of("east")
                .observeNanos(50_000_000);
        meters.gauge("rialto_snapshot_version", "Version.", () -> 7);
        assertThat(meters.text())
                .contains("rialto_refused_total{reason=\"stale_call\"} 3.0")
                .contains("rialto_call_seconds_bucket{cell=\"east\",le=\"0.01\"} 0")
                .contains("rialto_call_seconds_bucket{cell=\"east\",le=\"0.1\"} 1")
                .contains("rialto_snapshot_version 7.0")
                .containsPattern("process_resident_memory_bytes [1-9]")
                .containsPattern("process_cpu_seconds_total [0-9]");
        assertThat(refused.of("stale_call").value()).isEqualTo(3);
    }

    @Test
    void throttles_repeated_messages_and_counts_them() {
        Logger logger = (Logger) LoggerFactory.getLogger("throttled");
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.start();
        logger.addAppender(appender);
        logger.setAdditive(false);
        AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
        LogThrottle throttle = new LogThrottle(logger, Duration.ofSeconds(10), now::get);
        for (int i = 0; i < 5; i++) {
            throttle.warn("backend {} down", i);
        }
        now.set(Instant.EPOCH.plusSeconds(10));
        throttle.warn("backend {} down", 9);
        assertThat(appender.list.stream().map(ILoggingEvent::getFormattedMessage))
                .containsExactly("backend 0 down", "backend 9 down (4 like it were not logged)");
    }

    @Test
    void logs_plain_lines_or_json() throws Exception {
        PrintStream out = System.out;
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        try {
            ByteArrayOutputStream json = new ByteArrayOutputStream();
            System.setOut(new PrintStream(json, true, StandardCharsets.UTF_8));
            Logging.start(new LogSettings(LogSettings.Format.JSON, LogSettings.Level.INFO));
            LoggerFactory.getLogger("room").info("cell {} \"opened\"", "east");
            LoggerFactory.getLogger("room").debug("not seen");
            assertThat(json.toString(StandardCharsets.UTF_8).lines())
                    .singleElement()
                    .satisfies(line -> {
                        assertThat(Json.read(line).get("formattedMessage").stringValue())
                                .isEqualTo("cell east \"opened\"");
                        assertThat(Json.read(line).get("level").stringValue()).isEqualTo("INFO");
                    });
            ByteArrayOutputStream plain = new ByteArrayOutputStream();
            System.setOut(new PrintStream(plain, true, StandardCharsets.UTF_8));
            Logging.start(new LogSettings(LogSettings.Format.PLAIN, LogSettings.Level.WARN));
            LoggerFactory.getLogger("room").warn("cell {} closed", "east");
            assertThat(plain.toString(StandardCharsets.UTF_8)).containsPattern("Z WARN  room cell east closed\\n");
        } finally {
            System.setOut(out);
            context.reset();
            new ch.qos.logback.classic.util.ContextInitializer(context).autoConfig();
        }
    }

    @Test
    void makes_a_secret_once_and_reads_it_back(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("a/token");
        String made = Secrets.readOrCreate(file, new SecureRandom());
        assertThat(made).hasSizeGreaterThan(40);
        assertThat(Secrets.readOrCreate(file, new SecureRandom())).isEqualTo(made);
        assertThat(Secrets.same(made, made)).isTrue();
        assertThat(Secrets.same(made, made + "x")).isFalse();
        Files.writeString(file, " \n");
        assertThatThrownBy(() -> Secrets.read(file)).hasMessageContaining("empty (expected: a secret)");
        try (var files = Files.list(directory.resolve("a"))) {
            assertThat(files).hasSize(1);
        }
    }
}
