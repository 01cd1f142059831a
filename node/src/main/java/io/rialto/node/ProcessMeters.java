package io.rialto.node;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.nio.file.Files;
import java.nio.file.Path;

/** What every process tells about itself: processor, memory, files, threads, collections. */
public final class ProcessMeters {
    private static final int PAGE = 4096;
    private static final Path MEMORY = Path.of("/proc/self/statm");

    private ProcessMeters() {}

    /** Adds the meters of this process. */
    public static void add(Meters meters) {
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        meters.gauge(
                "jvm_heap_used_bytes",
                "Heap in use.",
                () -> memory.getHeapMemoryUsage().getUsed());
        meters.gauge(
                "jvm_heap_max_bytes",
                "Heap at most.",
                () -> memory.getHeapMemoryUsage().getMax());
        meters.gauge(
                "jvm_threads",
                "Platform threads.",
                () -> ManagementFactory.getThreadMXBean().getThreadCount());
        meters.counter("jvm_gc_seconds_total", "Time spent in collections.", ProcessMeters::collectionSeconds);
        meters.gauge("process_resident_memory_bytes", "Memory resident.", ProcessMeters::resident);
        meters.gauge(
                "process_start_time_seconds",
                "When the process started, in Unix time.",
                () -> ManagementFactory.getRuntimeMXBean().getStartTime() / 1e3);
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix) {
            meters.counter("process_cpu_seconds_total", "Processor time used.", () -> unix.getProcessCpuTime() / 1e9);
            meters.gauge("process_open_fds", "Open files and sockets.", unix::getOpenFileDescriptorCount);
            meters.gauge("process_max_fds", "Open files and sockets at most.", unix::getMaxFileDescriptorCount);
        }
    }

    private static double collectionSeconds() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                        .mapToLong(GarbageCollectorMXBean::getCollectionTime)
                        .sum()
                / 1e3;
    }

    private static double resident() {
        try {
            return Double.parseDouble(Files.readString(MEMORY).split(" ", -1)[1]) * PAGE;
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
