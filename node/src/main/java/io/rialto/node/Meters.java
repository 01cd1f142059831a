package io.rialto.node;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.function.DoubleSupplier;

/**
 * The meters of one process, read as Prometheus text. Names are in snake case and begin with {@code rialto_}, units are
 * in the name, counters end in {@code _total}. A room asks once for its meters and keeps them; counting is a few
 * nanoseconds and from any thread. Label values come from small sets that the configuration bounds, never from callers.
 */
public final class Meters {
    /** The content type of {@link #text}. */
    public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private final PrometheusRegistry registry = new PrometheusRegistry();

    /** A number that only rises. */
    public static final class Counter {
        private final CounterDataPoint point;

        private Counter(CounterDataPoint point) {
            this.point = point;
        }

        public void increment() {
            point.inc();
        }

        public void add(long amount) {
            point.inc(amount);
        }

        public long value() {
            return point.getLongValue();
        }
    }

    /** Counters of one name, one for each combination of label values. */
    public static final class Counters {
        private final io.prometheus.metrics.core.metrics.Counter metric;

        private Counters(io.prometheus.metrics.core.metrics.Counter metric) {
            this.metric = metric;
        }

        /** The counter for these values, in the order of the labels. */
        public Counter of(String... values) {
            return new Counter(metric.labelValues(values));
        }
    }

    /** How values are spread over buckets. */
    public static final class Histogram {
        private final DistributionDataPoint point;

        private Histogram(DistributionDataPoint point) {
            this.point = point;
        }

        /** Counts one value; times are in seconds. */
        public void observe(double value) {
            point.observe(value);
        }

        /** Counts one time span. */
        public void observeNanos(long nanos) {
            point.observe(nanos / 1e9);
        }
    }

    /** Histograms of one name, one for each combination of label values. */
    public static final class Histograms {
        private final io.prometheus.metrics.core.metrics.Histogram metric;

        private Histograms(io.prometheus.metrics.core.metrics.Histogram metric) {
            this.metric = metric;
        }

        /** The histogram for these values, in the order of the labels. */
        public Histogram of(String... values) {
            return new Histogram(metric.labelValues(values));
        }
    }

    public Counter counter(String name, String help) {
        return counters(name, help).of();
    }

    public Counters counters(String name, String help, String... labels) {
        return new Counters(io.prometheus.metrics.core.metrics.Counter.builder()
                .name(name)
                .help(help)
                .labelNames(labels)
                .register(registry));
    }

    /** A histogram with the given upper bounds of buckets, rising. */
    public Histograms histograms(String name, String help, double[] bounds, String... labels) {
        return new Histograms(io.prometheus.metrics.core.metrics.Histogram.builder()
                .name(name)
                .help(help)
                .classicOnly()
                .classicUpperBounds(bounds)
                .labelNames(labels)
                .register(registry));
    }

    /** A value that is asked for whenever the meters are read. */
    public void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(value.getAsDouble()))
                .register(registry);
    }

    /** A rising value that is asked for whenever the meters are read. */
    public void counter(String name, String help, DoubleSupplier value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(value.getAsDouble()))
                .register(registry);
    }

    /** All meters as Prometheus text. */
    public String text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString(StandardCharsets.UTF_8);
    }
}
