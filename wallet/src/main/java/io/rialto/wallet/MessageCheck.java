package io.rialto.wallet;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares what devices were told with the books: on every device of a user each entry of the account but its opening,
 * once, in order. Devices write down what they got, a line each: {@code user device sequence transfer leg amount}; a device
 * without messages has a line of the first two. Reads again until all is there or the wait is over.
 */
@Command(
        name = "message-check",
        description = "Compares the messages that devices got with the books of all cells.",
        mixinStandardHelpOptions = true)
public final class MessageCheck implements Callable<Integer> {
    private static final long BETWEEN_READS_MILLIS = 250;
    private static final int MAX_FINDINGS = 20;

    @Option(names = "--jdbc-url", required = true, description = "A cell's database; once for each cell.")
    private List<String> urls = List.of();

    @Option(names = "--user", defaultValue = "postgres", description = "User of all databases (${DEFAULT-VALUE}).")
    private String user = "postgres";

    @Option(names = "--password-file", description = "Its first line is the password.")
    private @Nullable Path passwordFile;

    @Option(names = "--received", required = true, description = "What the devices have written down.")
    private Path received = Path.of("received");

    @Option(names = "--wait-seconds", defaultValue = "30", description = "For messages to arrive (${DEFAULT-VALUE}).")
    private int waitSeconds;

    private final PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] args) {
        System.exit(new CommandLine(new MessageCheck()).execute(args));
    }

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(waitSeconds);
        Map<String, List<String>> expected = expected(end);
        List<String> findings = findings(expected, Files.readString(received));
        while (!findings.isEmpty() && System.nanoTime() - end < 0) {
            TimeUnit.MILLISECONDS.sleep(BETWEEN_READS_MILLIS);
            findings = findings(expected, Files.readString(received));
        }
        findings.forEach(finding -> out.println("WRONG: " + finding));
        long messages = expected.values().stream().mapToLong(List::size).sum();
        out.println("messages: " + (findings.isEmpty() ? "correct, " : "WRONG, ") + messages
                + " entries of the books, on every device of their owners");
        return findings.isEmpty() ? 0 : 1;
    }

    /** Waits for databases that do not answer, as between two primaries. */
    private Map<String, List<String>> expected(long end) throws IOException, SQLException, InterruptedException {
        while (true) {
            try {
                return expected();
            } catch (SQLException e) {
                if (System.nanoTime() - end >= 0) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(BETWEEN_READS_MILLIS);
            }
        }
    }

    /** By user, the entries that each of the user's devices should have been told of. */
    private Map<String, List<String>> expected() throws IOException, SQLException {
        String password = passwordFile == null
                ? ""
                : Files.readAllLines(passwordFile).stream().findFirst().orElse("");
        Map<String, List<String>> all = new TreeMap<>();
        for (String url : urls) {
            try (Connection connection = DriverManager.getConnection(url, user, password);
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("""
                            SELECT e.uid, e.sequence, e.transfer, e.leg, e.amount FROM wallet.entry e
                            JOIN rialto.fence f ON f.shard = e.shard AND f.state = 'OPEN'
                            WHERE e.leg <> 'opening' ORDER BY e.uid, e.sequence""")) {
                while (rows.next()) {
                    all.computeIfAbsent(rows.getString(1), uid -> new ArrayList<>())
                            .add(rows.getLong(2) + " " + rows.getString(3) + " " + rows.getString(4) + " "
                                    + rows.getLong(5));
                }
            }
        }
        return all;
    }

    /** What is wrong; empty where every device of every user was told exactly what it should. */
    static List<String> findings(Map<String, List<String>> expected, String received) {
        // A last line without its end is still being written.
        List<String> lines =
                received.substring(0, received.lastIndexOf('\n') + 1).lines().toList();
        Map<String, Map<String, List<String>>> devices = new TreeMap<>();
        for (String line : lines) {
            String[] parts = line.split(" ", 3);
            List<String> told = devices.computeIfAbsent(parts[0], uid -> new TreeMap<>())
                    .computeIfAbsent(parts[1], device -> new ArrayList<>());
            if (parts.length == 3) {
                told.add(parts[2]);
            }
        }
        List<String> findings = new ArrayList<>();
        expected.keySet().stream()
                .filter(uid -> !devices.containsKey(uid))
                .forEach(uid -> findings.add("user " + uid + ": no device was told anything"));
        devices.forEach((uid, byDevice) -> byDevice.forEach((device, told) -> {
            List<String> should = expected.getOrDefault(uid, List.of());
            if (!told.equals(should)) {
                findings.add("device " + device + " of user " + uid + ": " + difference(should, told));
            }
        }));
        return findings.size() > MAX_FINDINGS ? findings.subList(0, MAX_FINDINGS) : findings;
    }

    private static String difference(List<String> should, List<String> told) {
        int at = 0;
        while (at < should.size() && at < told.size() && should.get(at).equals(told.get(at))) {
            at++;
        }
        String expected = at < should.size() ? should.get(at) : "nothing more";
        String found = at < told.size() ? told.get(at) : "nothing";
        return told.size() + " messages of " + should.size() + "; number " + (at + 1) + " is: " + found + " (expected: "
                + expected + ")";
    }
}
