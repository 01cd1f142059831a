package io.rialto.gateway;

/** The operator's header rules, and where the user's cell is, for a phone that came to another. */
final class AnswerRules implements AnswerStep {
    private final EdgeName self;

    AnswerRules(EdgeName self) {
        this.self = self;
    }

    @Override
    public void take(Exchange x) {
        if (x.operation != null) {
            x.operation.config.response().apply(x.answerHeaders);
        }
        if (x.place != null && !x.place.cell().id().equals(self.cell())) {
            x.answerHeaders.set(Names.CELL, Locate.hintOf(x.place));
        }
    }
}
