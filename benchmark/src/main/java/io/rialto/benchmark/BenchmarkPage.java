package io.rialto.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** {@code docs/benchmarks.md}: each command owns what stands between its two marks. */
final class BenchmarkPage {
    private BenchmarkPage() {}

    static void replace(String section, String content) throws IOException {
        replace(home().resolve("docs/benchmarks.md"), section, content);
    }

    static void replace(Path page, String section, String content) throws IOException {
        String text = Files.readString(page);
        String open = "<!-- " + section + " -->";
        String close = "<!-- end of " + section + " -->";
        int start = text.indexOf(open);
        int end = text.indexOf(close);
        if (start < 0 || end < start) {
            throw new IOException(page + " has no section between " + open + " and " + close);
        }
        Files.writeString(
                page, text.substring(0, start) + open + "\n\n" + content.strip() + "\n\n" + text.substring(end));
        System.out.println("Wrote " + page);
    }

    /** The checkout, as the launcher names it. */
    static Path home() {
        return Path.of(Objects.requireNonNullElse(System.getProperty("rialto.home"), "."));
    }
}
