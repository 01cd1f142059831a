package io.rialto.gateway.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.Future;
import io.rialto.gateway.http.HeaderList;
import io.rialto.protocol.Reason;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks each backend of a service from time to time whether it is well, from one event loop for the whole node and over
 * that loop's own connections. A slow backend holds up nothing: its next check waits for the one before.
 */
final class HealthChecks {
    private static final Logger LOG = LoggerFactory.getLogger(HealthChecks.class);
    private static final AsciiString GET = AsciiString.cached("GET");

    private final Service service;
    private final EventLoop loop;
    /** On the loop only. */
    private Map<Backend, Check> checks = new HashMap<>();

    private @Nullable Future<?> schedule;
    private BackendSettings.Health current = BackendSettings.Health.NONE;

    HealthChecks(Service service, EventLoop loop) {
        this.service = service;
        this.loop = loop;
    }

    /** Starts, stops or goes on as the settings say. */
    synchronized void settingsChanged() {
        BackendSettings.Health wanted = service.settings().health();
        if (wanted.equals(current)) {
            return;
        }
        stop();
        current = wanted;
        if (wanted.path() == null) {
            loop.execute(this::forgetAll);
        } else {
            schedule = loop.scheduleAtFixedRate(this::checkAll, 0, wanted.intervalMillis(), TimeUnit.MILLISECONDS);
        }
    }

    synchronized void stop() {
        if (schedule != null) {
            schedule.cancel(false);
            schedule = null;
        }
        current = BackendSettings.Health.NONE;
    }

    /** Without checks each backend counts as well. */
    private void forgetAll() {
        checks.keySet().forEach(backend -> backend.healthy(true));
        checks.clear();
    }

    private void checkAll() {
        Map<Backend, Check> next = new HashMap<>();
        for (Backend backend : service.backends()) {
            Check check = checks.get(backend);
            next.put(backend, check == null ? new Check(backend) : check);
        }
        checks = next;
        next.values().forEach(Check::start);
    }

    /** The checks of one backend, one at a time. */
    private final class Check extends DeadlineWheel.Entry implements Attempt.Owner {
        private final Backend backend;
        private int failuresInRow;
        private int successesInRow;
        private @Nullable Attempt running;

        Check(Backend backend) {
            this.backend = backend;
        }

        void start() {
            LoopService local = service.on(loop);
            LoopBackend target = local.of(backend);
            String path = service.settings().health().path();
            if (running != null || target == null || path == null) {
                return;
            }
            long now = local.loop().nanoTime();
            long timeout =
                    TimeUnit.MILLISECONDS.toNanos(service.settings().health().timeoutMillis());
            OutboundCall call =
                    new OutboundCall(loop, GET, path, new HeaderList(4), Unpooled.EMPTY_BUFFER, timeout, true);
            running = new Attempt(call, target, this);
            local.loop().wheel().set(this, now, now + timeout);
            target.pool().send(running);
        }

        @Override
        public void answered(Attempt attempt, int status, HeaderList headers, ByteBuf body) {
            body.release();
            ended(status >= 200 && status < 300, "status " + status);
        }

        @Override
        public void failed(Attempt attempt, Reason reason, String message, boolean dispatched) {
            ended(false, message);
        }

        @Override
        void expired(long now) {
            Attempt late = running;
            if (late != null) {
                late.cancel();
                ended(false, "no answer in " + service.settings().health().timeoutMillis() + " ms");
            }
        }

        private void ended(boolean well, String how) {
            running = null;
            service.on(loop).loop().wheel().cancel(this);
            if (service.settings().health().path() == null) {
                // The checks were switched off meanwhile: none would make it well again.
                return;
            }
            successesInRow = well ? successesInRow + 1 : 0;
            failuresInRow = well ? 0 : failuresInRow + 1;
            BackendSettings.Health health = service.settings().health();
            if (backend.healthy() && failuresInRow >= health.failures()) {
                backend.healthy(false);
                LOG.warn("{} is not well: {}", backend, how);
            } else if (!backend.healthy() && successesInRow >= health.successes()) {
                backend.healthy(true);
                LOG.info("{} is well", backend);
            }
        }
    }
}
