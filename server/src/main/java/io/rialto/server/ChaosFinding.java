package io.rialto.server;

/** Something that must not be. */
record ChaosFinding(Kind kind, String text) {
    /** What a run must have none of. */
    enum Kind {
        LOST("acknowledged payments that are lost"),
        DOUBLED("payments that were made twice, or that nobody ordered"),
        NOT_LINEARIZABLE("answers that no order of what happened explains"),
        MONEY("sums of money that differ"),
        GAPS("sequences with gaps, or out of order"),
        OPEN_TWICE("shards that two cells had open at once"),
        STUCK("what had not ended 60 s after the last fault");

        private final String goal;

        Kind(String goal) {
            this.goal = goal;
        }

        /** In words. */
        String goal() {
            return goal;
        }
    }
}
