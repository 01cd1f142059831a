package io.rialto.wallet;

import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.Banner;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Runs the wallet of one cell or of several in one process, each with a Spring context, a port and a database of its own.
 *
 * <p>{@code --cells=east,west,global}, and settings as Spring has them: {@code --rialto.caller-keys-file=...} for all
 * cells, {@code --east.wallet.database-url=...} for one.
 */
public final class WalletApplication {
    private static final String CELLS = "--cells=";

    private WalletApplication() {}

    public static void main(String[] args) {
        start(List.of(args));
    }

    /** One running context per cell, in the order of {@code --cells}. */
    static List<ConfigurableApplicationContext> start(List<String> args) {
        List<String> cells = cells(args);
        List<ConfigurableApplicationContext> contexts = new ArrayList<>();
        for (String cell : cells) {
            contexts.add(new SpringApplicationBuilder(WalletConfiguration.class)
                    .bannerMode(Banner.Mode.OFF)
                    .properties(
                            "spring.application.name=wallet-" + cell,
                            "rialto.service=wallet",
                            "rialto.app=wallet",
                            "rialto.message-outbox=true",
                            "rialto.cell=" + cell,
                            "server.address=127.0.0.1",
                            "server.port=0")
                    .run(arguments(args, cell, cells)));
        }
        return contexts;
    }

    private static List<String> cells(List<String> args) {
        for (String arg : args) {
            if (arg.startsWith(CELLS)) {
                return List.of(arg.substring(CELLS.length()).split(",", -1));
            }
        }
        return List.of("local");
    }

    /** What is for all cells, and what is for this one without its prefix. */
    static String[] arguments(List<String> args, String cell, List<String> cells) {
        List<String> own = new ArrayList<>();
        for (String arg : args) {
            if (arg.startsWith(CELLS)) {
                continue;
            }
            if (arg.startsWith("--" + cell + ".")) {
                own.add("--" + arg.substring(cell.length() + 3));
            } else if (cells.stream().noneMatch(other -> arg.startsWith("--" + other + "."))) {
                own.add(arg);
            }
        }
        return own.toArray(String[]::new);
    }
}
