package io.rialto.cells.move;

import java.time.Duration;

/**
 * What became of a move, as far as this mover saw it.
 *
 * @param grant as it ended
 * @param rows copied by this mover
 * @param freeze from the close's beginning to the commit of the opening; zero where another mover did one of the two
 * @param total from the beginning of this mover's work to its end
 * @param compared whether both copies were found equal before the old one was deleted
 */
public record MoveReport(Grant grant, long rows, Duration freeze, Duration total, boolean compared) {}
