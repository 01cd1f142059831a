package io.rialto.client.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalFileTest {
    private static final int MAGIC = 8;
    private static final int HEAD = 8;

    @TempDir
    Path directory;

    private final List<String> reports = new ArrayList<>();
    private Path file = Path.of("journal");

    @BeforeEach
    void name() {
        file = directory.resolve("journal");
    }

    private List<String> read() throws IOException {
        return read(file);
    }

    private List<String> read(Path path) throws IOException {
        List<String> records = new ArrayList<>();
        JournalFile.open(path, record -> records.add(new String(record, StandardCharsets.UTF_8)), reports::add)
                .close();
        return records;
    }

    private void write(String... records) throws IOException {
        try (JournalFile journal = JournalFile.open(file, record -> {}, reports::add)) {
            for (String record : records) {
                journal.append(record.getBytes(StandardCharsets.UTF_8));
            }
            journal.force();
        }
    }

    @Test
    void records_are_there_again_and_more_can_be_added() throws IOException {
        write("a", "bb");
        write("ccc");
        assertThat(read()).containsExactly("a", "bb", "ccc");
        assertThat(reports).isEmpty();
    }

    @Test
    void wherever_the_last_record_is_torn_the_others_stay_and_the_next_stands_behind_them() throws IOException {
        write("one", "two");
        byte[] whole = Files.readAllBytes(file);
        int first = MAGIC + HEAD + 3;
        for (int length = first; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThat(read()).as("torn at " + length).containsExactly("one");
            write("new");
            assertThat(read()).as("torn at " + length).containsExactly("one", "new");
        }
        assertThat(reports).hasSize(whole.length - first - 1).allMatch(report -> report.contains("no whole record"));
    }

    @Test
    void whichever_byte_of_the_last_record_is_changed_it_is_cut_away() throws IOException {
        write("one", "two");
        byte[] whole = Files.readAllBytes(file);
        for (int at = MAGIC + HEAD + 3; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 0x10;
            Files.write(file, changed);
            assertThat(read()).as("changed at " + at).containsExactly("one");
        }
    }

    @Test
    void zeros_and_garbage_at_the_end_are_no_records() throws IOException {
        for (byte[] tail : List.of(
                new byte[1], new byte[8], new byte[4096], "rialtoj1rialtoj1".getBytes(StandardCharsets.US_ASCII))) {
            Files.deleteIfExists(file);
            write("one");
            Files.write(file, tail, StandardOpenOption.APPEND);
            assertThat(read()).containsExactly("one");
            assertThat(Files.size(file)).isEqualTo(MAGIC + HEAD + 3);
        }
    }

    @Test
    void a_file_that_is_none_is_refused_and_stays() throws IOException {
        Files.writeString(file, "a diary of somebody");
        assertThatIOException().isThrownBy(this::read).withMessageContaining("not a journal");
        assertThat(file).hasContent("a diary of somebody");
    }

    @Test
    void an_empty_record_and_one_that_is_too_large_are_refused() throws IOException {
        try (JournalFile journal = JournalFile.open(file, record -> {}, reports::add)) {
            assertThatIllegalArgumentException().isThrownBy(() -> journal.append(new byte[0]));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> journal.append(new byte[JournalFile.MAX_RECORD + 1]))
                    .withMessageContaining("expected");
        }
        assertThat(read()).isEmpty();
    }

    @Test
    void a_full_disk_is_told_takes_nothing_and_leaves_what_was_there() throws IOException {
        CrashDisk disk = CrashDisk.whole(directory);
        Path there = disk.root().resolve("journal");
        try (JournalFile journal = JournalFile.open(there, record -> {}, reports::add)) {
            journal.append(new byte[] {'1'});
            journal.force();
            disk.room(5);
            assertThatIOException().isThrownBy(() -> journal.append(new byte[100]));
            assertThat(journal.size()).isEqualTo(MAGIC + HEAD + 1);
            assertThatIOException().isThrownBy(() -> journal.rewrite(List.of(new byte[100])));
            disk.room(Long.MAX_VALUE);
            journal.append(new byte[] {'2'});
            journal.force();
        }
        assertThat(read()).containsExactly("1", "2");
        assertThat(reports).isEmpty();
    }

    @Test
    void rewriting_leaves_the_new_records_alone() throws IOException {
        write("a", "b");
        try (JournalFile journal = JournalFile.open(file, record -> {}, reports::add)) {
            journal.rewrite(List.of("c".getBytes(StandardCharsets.UTF_8)));
            journal.append("d".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(read()).containsExactly("c", "d");
    }
}
