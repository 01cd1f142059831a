package io.rialto.benchmark;

import picocli.CommandLine.Command;

@Command(name = "pieces", description = "JMH")
final class PiecesCommand implements Runnable {
    @Override
    public void run() {}
}
