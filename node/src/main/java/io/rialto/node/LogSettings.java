package io.rialto.node;

/** How a process logs, to its standard output. */
public record LogSettings(
        @Setting(value = "plain", doc = "Form of the log: one line of text or one JSON object per event.")
        Format format,

        @Setting(value = "info", doc = "Least level that is logged.")
        Level level) {
    public enum Format {
        PLAIN,
        JSON
    }

    public enum Level {
        ERROR,
        WARN,
        INFO,
        DEBUG
    }
}
