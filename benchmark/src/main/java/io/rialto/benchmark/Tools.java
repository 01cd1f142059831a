package io.rialto.benchmark;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Programs from Debian's packages: installed when missing, run, and their output read. */
final class Tools {
    private static final Map<String, String> PACKAGES = new TreeMap<>(Map.of(
            "haproxy", "haproxy",
            "nginx", "nginx-light",
            "h2load", "nghttp2-client",
            "wrk", "wrk",
            "taskset", "util-linux",
            "openssl", "openssl"));

    private Tools() {}

    /** Installs what is missing, and says so. */
    static void install() throws IOException, InterruptedException {
        List<String> missing = new ArrayList<>();
        for (Map.Entry<String, String> tool : PACKAGES.entrySet()) {
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
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        if (!process.waitFor(10, TimeUnit.MINUTES) || process.exitValue() != 0) {
            throw new IOException(String.join(" ", command) + " failed:\n" + output);
        }
        return output;
    }

    static String version(String... command) {
        try {
            return run(List.of(command)).lines().findFirst().orElse("").strip();
        } catch (IOException e) {
            return "unknown version";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown version";
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
