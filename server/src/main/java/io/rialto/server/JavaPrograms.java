package io.rialto.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of this project's other programs, as the launcher has built them. */
record JavaPrograms(Path home) {
    static JavaPrograms find() {
        String home = System.getProperty("rialto.home");
        if (home == null) {
            throw new CommandFailure("rialto.home is not set (expected: the program started by ./rialto)");
        }
        return new JavaPrograms(Path.of(home));
    }

    /** The section {@code sync} of the wallet's topics. */
    Path walletTopics() {
        return built("wallet").resolve("classes/rialto/wallet-topics.json");
    }

    /** The section {@code gateway} of the wallet's operations. */
    Path walletOperations() {
        return built("wallet").resolve("classes/rialto/wallet-operations.json");
    }

    List<String> wallet(String mainClass, List<String> arguments) {
        return java("wallet", mainClass, arguments);
    }

    List<String> benchmark(String mainClass, List<String> arguments) {
        return java("benchmark", mainClass, arguments);
    }

    private List<String> java(String module, String mainClass, List<String> arguments) {
        Path target = built(module);
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.add("-XX:+UseCompactObjectHeaders");
        command.add("-Xmx1g");
        command.add("-Drialto.home=" + home);
        command.add("-cp");
        command.add(target.resolve("classes") + java.io.File.pathSeparator + target.resolve("lib/*"));
        command.add(mainClass);
        command.addAll(arguments);
        return command;
    }

    private Path built(String module) {
        Path target = home.resolve(module).resolve("target");
        if (!Files.isDirectory(target.resolve("lib"))) {
            throw new CommandFailure("the module " + module + " is not built in " + target
                    + " (expected: started by ./rialto, which builds it)");
        }
        return target;
    }
}
