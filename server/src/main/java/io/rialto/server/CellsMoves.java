package io.rialto.server;

import io.rialto.cells.move.Grant;
import io.rialto.cells.move.MoveException;
import io.rialto.cells.move.MoveReport;
import io.rialto.cells.move.MoveWatch;
import io.rialto.cells.move.Mover;
import io.rialto.cells.move.Split;
import io.rialto.node.postgres.Database;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the commands that move shards have in common: where control and the databases are, and how fast. */
final class CellsMoves {
    private static final long PROGRESS_NANOS = TimeUnit.SECONDS.toNanos(1);

    @Mixin
    private final ControlOption control = new ControlOption();

    @Mixin
    private final CellDatabases databases = new CellDatabases();

    @Option(
            names = "--rows-per-second",
            paramLabel = "N",
            description = "Copy and delete no faster than this; 0, the standard, for no limit.")
    private long rowsPerSecond;

    /** One thing to do with a mover. */
    interface Work {
        void run(Mover mover) throws MoveException, SQLException, IOException, InterruptedException;
    }

    void run(PrintWriter out, Work work) throws InterruptedException {
        Mover.Options standard = Mover.Options.standard(System.getProperty("user.name", "unknown"));
        Map<String, Database> cells = databases.open(control.data());
        try {
            Mover.Options options =
                    new Mover.Options(standard.author(), Math.max(0, rowsPerSecond), standard.gate(), standard.drain());
            work.run(new Mover(
                    cells, new ControlLedger(control.client()), new Progress(out), options, new SecureRandom()));
        } catch (MoveException | IOException e) {
            throw new CommandFailure(String.valueOf(e.getMessage()));
        } catch (SQLException e) {
            throw new CommandFailure("a cell's database: " + e.getMessage()
                    + " (what was done so far is safe; the same command again goes on with it)");
        } finally {
            cells.values().forEach(Database::close);
        }
    }

    AdminClient client() {
        return control.client();
    }

    Map<String, Database> open() {
        return databases.open(control.data());
    }

    static void say(PrintWriter out, MoveReport report) {
        Grant grant = report.grant();
        String what = switch (grant.state()) {
            case MOVED -> "moved from " + grant.from() + " to " + grant.to();
            case CANCELLED -> "is where it was, in " + grant.from();
            case GRANTED -> "is on its way";
            case DIFFERS -> "is in " + grant.to() + ", but the copies differ";
        };
        UpCommand.say(
                out,
                "shard " + grant.shard() + " " + what + ", epoch " + grant.epoch() + ": "
                        + report.rows() + " rows, " + seconds(report.total())
                        + (report.freeze().isZero() ? "" : ", writers waited " + seconds(report.freeze()))
                        + (report.compared() ? ", copies compared" : ""));
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3f s", duration.toNanos() / 1e9);
    }

    /** Tells a person what happens, and how long the copy will take. */
    private static final class Progress implements MoveWatch {
        private final PrintWriter out;
        private long began = System.nanoTime();
        private long said = began;

        Progress(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void begins(Grant grant, Step step) {
            if (step == Step.PREPARE || step == Step.CLOSE || step == Step.REFUSE) {
                UpCommand.say(
                        out,
                        "shard " + grant.shard() + " at epoch " + grant.epoch() + ": "
                                + step.name().toLowerCase(Locale.ROOT));
            }
        }

        @Override
        public void begins(Split split, Step step) {
            if (step == Step.GRANT) {
                boolean parting = split.state() == Split.State.PARTING;
                UpCommand.say(
                        out,
                        "user " + split.user() + ": from shard " + (parting ? split.common() : split.shard()) + " to "
                                + (parting ? split.shard() : split.common()));
            }
        }

        // Several shards may move at once.
        @Override
        public synchronized void copied(long rows, long all) {
            long now = System.nanoTime();
            if (rows == 0) {
                began = now;
            }
            if (now - said > PROGRESS_NANOS && rows > 0 && rows <= all) {
                said = now;
                long left = (long) ((now - began) / 1e9 * (all - rows) / rows);
                UpCommand.say(out, "  " + rows + " of " + all + " rows copied, about " + left + " s left");
            }
        }
    }
}
