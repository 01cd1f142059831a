package io.rialto.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.util.AsciiString;
import io.rialto.gateway.http.HeaderList;
import io.rialto.gateway.identity.SealedSession;
import io.rialto.protocol.Seal;

/** Seals the answer of a call that came sealed and whose counter was taken, and of no other: one answer per counter. */
final class SealAnswer implements AnswerStep {
    private final CoveredFields fields = new CoveredFields(Seal.answerHeaders());

    @Override
    public void take(Exchange x) {
        SealedSession session = x.session;
        if (session == null) {
            return;
        }
        if (x.status == 204 || x.status == 205 || x.status == 304) {
            x.status = 200; // a seal needs a body, and these statuses allow none
        }
        HeaderList headers = x.answerHeaders;
        AsciiString type = headers.get(Names.CONTENT_TYPE);
        if (type != null) {
            headers.set(Names.SEALED_CONTENT_TYPE, type);
        }
        headers.set(Names.CONTENT_TYPE, Names.SEALED);
        ByteBuf plain = x.answerBody;
        int length = plain.readableBytes();
        ByteBuf sealed = x.local.answer(length + Seal.TAG_BYTES);
        byte[] bytes = sealed.array();
        int offset = sealed.arrayOffset();
        plain.getBytes(plain.readerIndex(), bytes, offset, length);
        sealed.writerIndex(x.local.seal.sealAnswerInPlace(
                session.toClient(), x.counter, x.status, fields.of(headers), bytes, offset, length));
        x.answerBody = sealed;
        plain.release();
    }
}
