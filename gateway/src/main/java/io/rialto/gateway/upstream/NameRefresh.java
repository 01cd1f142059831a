package io.rialto.gateway.upstream;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Looks a service's names up from time to time, on a virtual thread. */
final class NameRefresh {
    private final Service service;
    private final HostResolver resolver;
    private final EventLoop timer;
    private final AtomicBoolean running = new AtomicBoolean();
    private @Nullable Future<?> schedule;
    private int intervalMillis;

    NameRefresh(Service service, HostResolver resolver, EventLoop timer) {
        this.service = service;
        this.resolver = resolver;
        this.timer = timer;
    }

    /** Starts, stops or goes on as the settings say. */
    synchronized void settingsChanged() {
        int wanted = service.names().isEmpty() ? 0 : service.settings().dnsRefreshMillis();
        if (wanted != intervalMillis) {
            stop();
            intervalMillis = wanted;
            if (wanted > 0) {
                schedule = timer.scheduleAtFixedRate(this::refresh, wanted, wanted, TimeUnit.MILLISECONDS);
            }
        }
        if (wanted > 0) {
            refresh();
        }
    }

    synchronized void stop() {
        if (schedule != null) {
            schedule.cancel(false);
            schedule = null;
        }
        intervalMillis = 0;
    }

    private void refresh() {
        if (running.compareAndSet(false, true)) {
            Thread.ofVirtual().name("names-" + service.name()).start(() -> {
                try {
                    service.resolve(resolver);
                } finally {
                    running.set(false);
                }
            });
        }
    }
}
