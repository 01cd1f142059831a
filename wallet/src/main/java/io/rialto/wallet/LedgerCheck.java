package io.rialto.wallet;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Proves the wallet's books over the databases of all cells: nothing lost, nothing doubled, balances as the entries have
 * them, acknowledged transfers there. It only reads, and may run while money moves: the databases are not read at one
 * instant, so a finding counts once it stays until the wait is over.
 */
@Command(
        name = "ledger-check",
        description = "Proves the wallet's books over all cells.",
        mixinStandardHelpOptions = true)
public final class LedgerCheck implements Callable<Integer> {
    private static final long BETWEEN_READS_MILLIS = 250;

    @Option(names = "--jdbc-url", required = true, description = "A cell's database; once for each cell.")
    private List<String> urls = List.of();

    @Option(names = "--user", defaultValue = "postgres", description = "User of all databases (${DEFAULT-VALUE}).")
    private String user = "postgres";

    @Option(names = "--password-file", description = "Its first line is the password.")
    private @Nullable Path passwordFile;

    @Option(names = "--acknowledged", description = "Ids of transfers that phones were promised, one per line.")
    private @Nullable Path acknowledged;

    @Option(
            names = "--acknowledged-count",
            description = "How many ids that file has; another number is a fault of whoever wrote it.")
    private @Nullable Long acknowledgedCount;

    @Option(
            names = "--wait-seconds",
            defaultValue = "10",
            description = "For money in transit to arrive (${DEFAULT-VALUE}).")
    private int waitSeconds;

    private PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] args) {
        System.exit(new CommandLine(new LedgerCheck()).execute(args));
    }

    /** Opens a cell's database. */
    @FunctionalInterface
    public interface Cell {
        Connection open() throws SQLException;
    }

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        String password = passwordFile == null
                ? ""
                : Files.readAllLines(passwordFile).stream().findFirst().orElse("");
        List<Cell> cells = new ArrayList<>();
        for (String url : urls) {
            cells.add(() -> DriverManager.getConnection(url, user, password));
        }
        Set<String> promised = acknowledged == null
                ? Set.of()
                : Files.readAllLines(acknowledged).stream()
                        .filter(line -> !line.isBlank())
                        .collect(Collectors.toSet());
        if (acknowledgedCount != null && acknowledgedCount != promised.size()) {
            out.println("ledger: not checked, " + acknowledged + " has " + promised.size() + " ids (expected: "
                    + acknowledgedCount + ")");
            return 1;
        }
        Books books = settled(cells, promised, Duration.ofSeconds(waitSeconds));
        out.println(books.summary());
        books.findings().forEach(finding -> out.println("WRONG: " + finding));
        out.println(books.findings().isEmpty() ? "ledger: correct" : "ledger: WRONG");
        return books.findings().isEmpty() ? 0 : 1;
    }

    /**
     * Reads again until the books are right and nothing is in transit, or the wait is over. A database that does not answer,
     * as between two primaries, is waited for as well.
     */
    public static Books settled(List<Cell> cells, Collection<String> acknowledged, Duration wait)
            throws SQLException, InterruptedException {
        long end = System.nanoTime() + wait.toNanos();
        while (true) {
            try {
                Books books = read(cells, acknowledged);
                boolean right = books.findings().isEmpty() && books.inTransit() == 0;
                if (right || System.nanoTime() - end >= 0) {
                    return books.inTransit() == 0 ? books : books.stuck();
                }
            } catch (SQLException e) {
                if (System.nanoTime() - end >= 0) {
                    throw e;
                }
            }
            TimeUnit.MILLISECONDS.sleep(BETWEEN_READS_MILLIS);
        }
    }

    /** Reads once. Money in transit is no finding. */
    public static Books read(List<Cell> cells, Collection<String> acknowledged) throws SQLException {
        BooksReader reader = new BooksReader();
        for (Cell cell : cells) {
            try (Connection connection = cell.open()) {
                reader.read(connection);
            }
        }
        return reader.books(acknowledged);
    }

    /**
     * What the databases say.
     *
     * @param grantedMinor what all accounts were opened with
     * @param balancesMinor sum of all users' balances
     * @param inTransitMinor debited and neither credited nor refunded
     * @param inTransit how many transfers that is
     * @param findings what is wrong; empty when the books are right
     */
    public record Books(
            long accounts,
            long transfers,
            long refunds,
            long grantedMinor,
            long balancesMinor,
            long inTransitMinor,
            long inTransit,
            List<String> findings) {

        public Books {
            findings = List.copyOf(findings);
        }

        Books stuck() {
            List<String> more = new ArrayList<>(findings);
            more.add("in transit: " + inTransit + " transfers, " + inTransitMinor
                    + " minor units (expected: none by now)");
            return new Books(
                    accounts, transfers, refunds, grantedMinor, balancesMinor, inTransitMinor, inTransit, more);
        }

        public String summary() {
            return "accounts " + accounts + ", transfers " + transfers + " (" + refunds + " refunded, " + inTransit
                    + " in transit), granted " + grantedMinor + " = balances " + balancesMinor + " + in transit "
                    + inTransitMinor;
        }
    }
}
