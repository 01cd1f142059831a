package io.rialto.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.architecture.House.Room;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What phones carry must run on phones. */
class PhonesTest {
    /** Java 11's class file version. */
    private static final int JAVA_11 = 55;

    static Stream<Room> rooms() {
        return House.ROOMS.stream().filter(room -> Set.of("protocol", "client").contains(room.name()));
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void class_files_are_of_java_11(Room room) throws IOException {
        List<Path> files = House.files(room, "target/classes", ".class");
        assertThat(files).isNotEmpty();
        for (Path file : files) {
            try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
                assertThat(in.readInt()).isEqualTo(0xCAFEBABE);
                in.readUnsignedShort();
                assertThat(in.readUnsignedShort()).as(file.toString()).isEqualTo(JAVA_11);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void signatures_are_checked_against_android_api_26_by_the_build(Room room) throws IOException {
        assertThat(Files.readString(room.path("pom.xml")))
                .containsSubsequence(
                        "animal-sniffer-maven-plugin", "gummy-bears-api-26", "<execution>", "<goal>check</goal>");
    }
}
