/**
 * Figures: the gateway beside the proxies that users would otherwise pick, on one machine in one run, and
 * microbenchmarks of its hot pieces. Enters: a command line. Leaves: a table in {@code docs/benchmarks.md} and a JSON
 * file with one goal a line.
 *
 * <p>Must not be here: anything that the product needs at run time; a check that fails a build by time.
 */
@NullMarked
package io.rialto.benchmark;

import org.jspecify.annotations.NullMarked;
