package io.rialto.client;

import io.rialto.client.inbox.CrashDisk;
import io.rialto.client.inbox.FileLedger;
import io.rialto.client.inbox.Inbox;
import io.rialto.client.inbox.InboxState;
import io.rialto.protocol.ServerKey;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** An app that is there to die: one topic is stored by the SDK, one by the app's own little database. */
final class CrashPhone {
    private CrashPhone() {}

    /** Where it ends, as arguments: a seed, a point, whether the power goes too, and which time at that point. */
    static String[] ending(long seed, CrashDisk.Point point, boolean powerCut, int times) {
        return new String[] {
            Long.toString(seed), point.name(), Boolean.toString(powerCut), Integer.toString(times),
        };
    }

    @SuppressWarnings("SystemOut") // the sign for the test that waits
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        ServerKey key =
                ServerKey.of(Integer.parseInt(arguments[2]), Base64.getDecoder().decode(arguments[3]));
        CrashDisk disk = arguments.length == 4
                ? CrashDisk.whole(directory.resolve("disk"))
                : disk(directory.resolve("disk"), arguments);
        Rialto rialto = InboxCrashTest.phone(directory, disk.root(), URI.create(arguments[1]), key)
                .build();
        Inbox inbox = rialto.inbox();
        inbox.stored("payments");
        inbox.on("ledger", new FileLedger(disk.root().resolve("ledger")));
        inbox.onState(state -> {
            if (state == InboxState.OPEN) {
                System.out.print('+');
                System.out.flush();
            }
        });
        inbox.start();
        while (true) {
            if (inbox.state() == InboxState.WAITING) {
                inbox.resume(); // the pauses are another test's
            }
            LockSupport.parkNanos(20_000_000);
        }
    }

    private static CrashDisk disk(Path real, String[] arguments) {
        CrashDisk.Point end = CrashDisk.Point.valueOf(arguments[5]);
        AtomicInteger left = new AtomicInteger(Integer.parseInt(arguments[7]));
        return new CrashDisk(
                real,
                new Random(Long.parseLong(arguments[4])),
                point -> point == end && left.decrementAndGet() < 0,
                Boolean.parseBoolean(arguments[6]),
                () -> Runtime.getRuntime().halt(137));
    }
}
