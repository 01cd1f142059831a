package io.rialto.benchmark;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Plays the devices of some users, and who publishes to them; a program of its own, as each device needs a file. Arguments:
 * an address to come from, the first user, how many, and what the system says of itself. Answers each line with one.
 */
public final class SyncDevices {
    private SyncDevices() {}

    public static void main(String[] arguments) throws Exception {
        DeviceFleet fleet = DeviceFleet.of(
                arguments[0],
                Integer.parseInt(arguments[1]),
                Integer.parseInt(arguments[2]),
                Arrays.copyOfRange(arguments, 3, arguments.length));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String line;
        while ((line = lines.readLine()) != null) {
            System.out.println(answer(fleet, line.split(" ", -1)));
        }
        System.exit(0);
    }

    private static String answer(DeviceFleet fleet, String[] words) throws IOException, InterruptedException {
        return switch (words[0]) {
            case "open" -> fleet.open(Integer.parseInt(words[1]));
            case "rate" -> fleet.rate(Integer.parseInt(words[1]), Integer.parseInt(words[2]));
            case "cut" -> fleet.cut();
            case "publish" -> fleet.publish();
            case "back" -> fleet.back();
            default -> throw new IOException("command: " + words[0] + " (expected: open, rate, cut, publish or back)");
        };
    }
}
