package io.rialto.protocol;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;

/** What reads as fields is what would be written again, byte by byte; everything else is refused. */
final class FieldsFuzzTest {
    @FuzzTest
    void reads_one_form_only(byte[] data) {
        FieldWriter again = new FieldWriter();
        FieldReader fields = new FieldReader(data, 0, data.length, 6);
        try {
            while (fields.next()) {
                again.put(fields.type(), fields.bytes(0, FieldWriter.MAX_VALUE));
            }
        } catch (ProtocolException e) {
            if (e.reason() != Reason.MALFORMED_FRAME) {
                throw new AssertionError(e);
            }
            return;
        }
        if (!Arrays.equals(data, again.toBytes())) {
            throw new AssertionError("read fields that would be written otherwise");
        }
    }
}
