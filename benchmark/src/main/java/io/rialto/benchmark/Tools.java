package io.rialto.benchmark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Programs from Debian's packages: installed when missing, run, and their output read. */
final class Tools {
    /** Of the gateway's benchmark, by command. */
    static final Map<String, String> GATEWAY = Map.of(
            "haproxy", "haproxy",
            "nginx", "nginx-light",
            "h2load", "nghttp2-client",
            "taskset", "util-linux",
            "openssl", "openssl");

    /** Of the benchmark of messages, by command. */
    static final Map<String, String> MESSAGING = Map.of(
            "mosquitto", "mosquitto",
            "nats-server", "nats-server",
            "rabbitmq-server", "rabbitmq-server",
            "taskset", "util-linux",
            "openssl", "openssl");

    /** Of the benchmark of cells, by command. */
    static final Map<String, String> CELLS = Map.of("taskset", "util-linux", "openssl", "openssl");

    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\S*");

    /** For what ends by itself; packages may have to be fetched. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private Tools() {}

    /** Installs what is missing, and says so. */
    static void install(Map<String, String> packages) throws IOException, InterruptedException {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, String> tool : new TreeMap<>(packages).entrySet()) {
            if (!present(tool.getKey())) {
                missing.add(tool.getValue());
            }
        }
        if (missing.isEmpty()) {
            return;
        }
        System.out.println("Installing from Debian's packages: " + String.join(" ", missing));
        boolean root = "root".equals(System.getProperty("user.name"));
        String prefix = root ? "" : "sudo -n ";
        run(List.of(
                "sh",
                "-c",
                // The services must not start: the benchmark runs its own instances with its own settings.
                prefix + "apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 " + prefix
                        + "apt-get install -y -qq --no-install-recommends " + String.join(" ", missing)));
    }

    private static boolean present(String tool) {
        for (String folder : (Objects.requireNonNullElse(System.getenv("PATH"), "") + ":/usr/sbin").split(":", -1)) {
            if (Files.isExecutable(Path.of(folder, tool))) {
                return true;
            }
        }
        return false;
    }

    /** Runs to the end and returns the output; fails with it on a non-zero exit. */
    static String run(List<String> command) throws IOException, InterruptedException {
        return run(command, LIMIT)
                .orElseThrow(() -> new IOException(String.join(" ", command) + " did not end within " + LIMIT));
    }

    /** Runs to the end and returns the output; empty, and the process is ended, if that takes too long. */
    static Optional<String> run(List<String> command, Duration limit) throws IOException, InterruptedException {
        Path output = Files.createTempFile("rialto-bench", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                return Optional.empty();
            }
            String text = Files.readString(output);
            if (process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + " failed:\n" + text);
            }
            return Optional.of(text);
        } finally {
            Files.delete(output);
        }
    }

    /** What a program says of its version, the number alone. */
    static String version(String... command) {
        try {
            Matcher number = VERSION.matcher(run(List.of(command)));
            return number.find() ? number.group() : "of unknown version";
        } catch (IOException e) {
            return "of unknown version";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "of unknown version";
        }
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
