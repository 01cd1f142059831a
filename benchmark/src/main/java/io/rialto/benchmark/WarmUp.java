package io.rialto.benchmark;

import io.rialto.benchmark.H2Load.Protocol;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Loads all JVM peers at once, on all processors, so that what is hot is compiled before anything is measured. */
final class WarmUp {
    private WarmUp() {}

    static void run(H2Load load, List<Peer> peers, int secondsEachProtocol) throws IOException, InterruptedException {
        List<Peer> cold = peers.stream().filter(Peer::isJvm).toList();
        for (Peer peer : cold) {
            for (Child child : peer.children()) {
                child.spread();
            }
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Boolean>> all = new ArrayList<>();
            for (Peer peer : cold) {
                all.add(() -> warm(load, peer, secondsEachProtocol));
            }
            for (Future<Boolean> one : threads.invokeAll(all)) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException("warm-up failed", e.getCause());
        }
        for (Peer peer : cold) {
            for (Child child : peer.children()) {
                child.pin();
            }
        }
    }

    private static boolean warm(H2Load load, Peer peer, int seconds) throws IOException, InterruptedException {
        for (Protocol protocol : Protocol.values()) {
            load.saturate(peer.target(protocol), seconds);
        }
        return true;
    }
}
