package io.rialto.client.inbox;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.protocol.ProtocolException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Whatever a journal holds, it opens or is refused, and what it said to hold it says again when it is opened once more. The
 * first byte of the input says whether it is a file as it is, or a record, which then is given the right CRC.
 */
final class JournalFuzzTest {
    @FuzzTest
    void a_journal_of_any_bytes_is_read_the_same_twice(byte[] input) throws IOException {
        Path file = Files.createTempFile("journal", ".fuzz");
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.write(new byte[] {'r', 'i', 'a', 'l', 't', 'o', 'j', '1'});
            if (input.length > 1 && input[0] % 2 == 0) {
                CRC32 crc = new CRC32();
                crc.update(input, 1, input.length - 1);
                bytes.write(ByteBuffer.allocate(8)
                        .putInt(input.length - 1)
                        .putInt((int) crc.getValue())
                        .array());
                bytes.write(input, 1, input.length - 1);
            } else {
                bytes.write(input);
            }
            Files.write(file, bytes.toByteArray());
            List<byte[]> first = read(file);
            List<byte[]> second = read(file);
            if (first.size() != second.size()) {
                throw new AssertionError(first.size() + " records, then " + second.size());
            }
            sinks(file);
        } finally {
            Files.delete(file);
        }
    }

    private static List<byte[]> read(Path file) throws IOException {
        List<byte[]> records = new ArrayList<>();
        JournalFile.open(file, records::add, report -> {}).close();
        for (byte[] record : records) {
            try {
                Records.batch(record);
            } catch (ProtocolException e) {
                // none of this version
            }
        }
        return records;
    }

    /** What reads them for apps must open, whatever they say. */
    private static void sinks(Path file) throws IOException {
        new StoredMessages("t", (message, step) -> {}, file, report -> {}).all();
        new ConfirmedSink("t", message -> {}, (message, step) -> {}, file, report -> {}).close();
    }
}
