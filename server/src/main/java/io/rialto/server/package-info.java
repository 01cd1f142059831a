/**
 * The {@code rialto} program: its commands, and the wiring of the server rooms into nodes (an edge, control) and of
 * nodes into a whole that runs on one machine.
 *
 * <p>Enters: a command line, and what a data directory keeps. Leaves: running nodes, child processes, or one call's
 * answer on the terminal, and an exit code.
 *
 * <p>Must not be here: anything that a call passes through (that is {@code gateway}), or what the configuration means
 * (that is each room's own). The wallet is no dependency: it is started as any backend would be, as a process.
 */
@NullMarked
package io.rialto.server;

import org.jspecify.annotations.NullMarked;
