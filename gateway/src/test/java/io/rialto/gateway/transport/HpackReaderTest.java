package io.rialto.gateway.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.util.AsciiString;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HpackReaderTest {
    private final HpackReader reader = new HpackReader(new CommonValues());
    private final RequestFields fields = new RequestFields(TestGateway.strict().limits());

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private RequestFields read(byte[] block) throws Http2Failure {
        fields.start();
        reader.read(block, 0, block.length, fields);
        return fields;
    }

    private String value(String name) {
        return String.valueOf(fields.fields().get(new AsciiString(name)));
    }

    /** RFC 7541, C.3 and C.4: three requests of one connection. */
    @ParameterizedTest
    @CsvSource({
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d,"
                + "8286 84be 5808 6e6f 2d63 6163 6865,"
                + "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff,"
                + "8286 84be 5886 a8eb 1064 9cbf,"
                + "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"
    })
    void reads_the_examples_of_the_rfc(String first, String second, String third) throws Http2Failure {
        assertThat(read(hex(first)).problem()).isNull();
        assertThat(fields.requestMethod().toString()).isEqualTo("GET");
        assertThat(fields.target().toString()).isEqualTo("/");
        assertThat(value("host")).isEqualTo("www.example.com");
        assertThat(read(hex(second)).problem()).isNull();
        assertThat(value("host")).isEqualTo("www.example.com");
        assertThat(value("cache-control")).isEqualTo("no-cache");
        assertThat(read(hex(third)).problem()).isNull();
        assertThat(fields.target().toString()).isEqualTo("/index.html");
        assertThat(value("custom-key")).isEqualTo("custom-value");
        assertThat(value("cache-control")).isEqualTo("null");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "80", // field 0
                "be", // the first of an empty table
                "ff 00", // beyond it
                "7f 00 00", // a literal's name beyond it
                "40", // no name
                "40 01", // a name that does not end
                "40 01 61 05 62", // a value that does not end
                "40 01 61", // no value
                "ff", // an integer that does not end
                "ff 80 80 80 80 80 00", // zeros without end
                "ff ff ff ff ff 0f", // above 2^31 - 1
                "82 20", // a size behind a field
                "3f e2 1f", // a size of 4097
                "00 01 61 81 ff", // padding of eight bits
                "00 01 61 81 18", // padding of zeros
                "00 01 61 84 ff ff ff ff", // the end of a string
                "00 01 61 85 1f ff ff ff ff", // and behind a character
            })
    void refuses_what_is_no_block(String hex) {
        assertThatExceptionOfType(Http2Failure.class)
                .isThrownBy(() -> read(hex(hex)))
                .satisfies(e -> assertThat(e.end()).isEqualTo(ConnectionEnd.HTTP2_COMPRESSION));
        assertThat(new HpackPair().read(hex(hex))).isFalse();
    }

    @Test
    void takes_a_smaller_table_and_one_of_the_first_size_again() throws Http2Failure {
        read(hex("40 01 61 01 62"));
        assertThat(read(hex("20 3f e1 1f")).fields().size()).isZero();
        assertThatExceptionOfType(Http2Failure.class).isThrownBy(() -> read(hex("be")));
        read(hex("40 01 61 01 62"));
        read(hex("be"));
        assertThat(value("a")).isEqualTo("b");
    }

    @Test
    void reads_every_byte_in_huffmans_code() {
        for (int symbol = 0; symbol < 256; symbol++) {
            byte[] text = new byte[103];
            Arrays.fill(text, (byte) 'a');
            text[50] = (byte) symbol;
            text[102] = (byte) symbol;
            byte[] block = HpackPair.encoded(new AsciiString("x"), new AsciiString(text), true);
            assertThat(block).startsWith(0x10, 1, 'x');
            assertThat(block[3] & 0xff).isEqualTo(0x80 | block.length - 4);
            assertThat(Huffman.decode(block, 4, block.length - 4)).isEqualTo(text);
        }
        assertThat(Huffman.decode(new byte[0], 0, 0)).isEmpty();
    }

    /** Many fields of many lengths come and go; then all that are left are named, and one more. */
    @Test
    void keeps_what_fits_in_its_table() {
        Random random = new Random(5);
        for (int round = 0; round < 100; round++) {
            HpackPair pair = new HpackPair();
            for (int i = 0; i < 50; i++) {
                assertThat(pair.read(block(random))).isTrue();
                assertThat(pair.ours()).isEqualTo(pair.theirs());
            }
            int index = 61;
            boolean known = true;
            while (known) {
                ByteArrayOutputStream one = new ByteArrayOutputStream();
                integer(one, 0x80, 7, ++index);
                known = pair.read(one.toByteArray());
                assertThat(pair.ours()).isEqualTo(pair.theirs());
            }
            assertThat(index).isLessThan(62 + 4096 / 32);
        }
    }

    private static byte[] block(Random random) {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        if (random.nextInt(20) == 0) {
            integer(block, 0x20, 5, random.nextInt(4097));
        }
        for (int field = random.nextInt(4); field > 0; field--) {
            int kind = random.nextInt(3);
            if (kind == 0) {
                integer(block, 0x80, 7, 1 + random.nextInt(61));
            } else {
                block.write(kind == 1 ? 0x40 : 0);
                text(block, "name-" + random.nextInt(20));
                text(block, "v".repeat(random.nextInt(random.nextInt(20) == 0 ? 5_000 : 200)));
            }
        }
        return block.toByteArray();
    }

    private static void text(ByteArrayOutputStream out, String text) {
        integer(out, 0, 7, text.length());
        out.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void integer(ByteArrayOutputStream out, int flags, int prefixBits, int value) {
        int most = (1 << prefixBits) - 1;
        out.write(flags | Math.min(value, most));
        for (int rest = value - most; rest >= 0; rest >>>= 7) {
            out.write(rest < 0x80 ? rest : 0x80 | rest & 0x7f);
            if (rest < 0x80) {
                return;
            }
        }
    }

    /** The value as the reader of another connection of the same loop hands it on. */
    private CharSequence first(CommonValues common, String name, String value) throws Http2Failure {
        byte[] block = HpackPair.encoded(new AsciiString(name), new AsciiString(value), false);
        fields.start();
        new HpackReader(common).read(block, 0, block.length, fields);
        return java.util.Objects.requireNonNull(fields.fields().get(new AsciiString(name)));
    }

    @Test
    void keeps_what_phones_say_alike_when_they_connect_once_for_all_of_them() throws Http2Failure {
        CommonValues common = new CommonValues();
        CharSequence type = first(common, "content-type", "application/rialto-sealed");
        assertThat(first(common, "content-type", "application/rialto-sealed")).isSameAs(type);
        assertThat(first(common, "content-type", "application/grpc")).hasToString("application/grpc");
        CharSequence secret = first(common, "rialto-ticket", "a ticket");
        assertThat(first(common, "rialto-ticket", "a ticket")).isEqualTo(secret).isNotSameAs(secret);
        CharSequence agent = first(common, "user-agent", "a".repeat(65));
        assertThat(first(common, "user-agent", "a".repeat(65))).isEqualTo(agent).isNotSameAs(agent);
    }

    @Test
    void values_that_fall_on_one_place_do_not_stand_for_each_other() throws Http2Failure {
        CommonValues common = new CommonValues();
        for (int i = 0; i < 2_000; i++) {
            assertThat(first(common, "user-agent", "agent " + i % 700)).hasToString("agent " + i % 700);
        }
    }
}
