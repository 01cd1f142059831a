package io.rialto.gateway.transport;

/** Where to cut fuzzed bytes, from a few of them: so that the rest stays as the fuzzer wrote it. */
final class Cuts {
    private final byte[] choices;
    private int next;

    Cuts(byte[] choices) {
        this.choices = choices;
    }

    private int choice() {
        return choices.length == 0 ? 255 : choices[next++ % choices.length] & 0xff;
    }

    /** The length of the next piece: single bytes up to some KiB. */
    int length() {
        int choice = choice();
        return choice < 32 ? 1 + choice : choice * 32;
    }

    boolean yes() {
        return (choice() & 1) == 0;
    }
}
