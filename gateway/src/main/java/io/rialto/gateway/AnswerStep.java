package io.rialto.gateway;

/** One step of an answer, on the call's event loop. Changes status, headers or body; the last one sends them. */
interface AnswerStep {
    void take(Exchange x);
}
