package io.rialto.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
    @TempDir
    private Path root;

    @Test
    void is_held_by_one_process_at_a_time() throws Exception {
        DataDirectory held = new DataDirectory(root.resolve("data")).hold();
        assertThat(otherProcessHolds())
                .contains("is in use by process " + ProcessHandle.current().pid());
        assertThatThrownBy(() -> new DataDirectory(root.resolve("data")).hold())
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("in use");
        held.close();
        assertThat(otherProcessHolds()).contains("held");
    }

    @Test
    void keeps_what_it_holds_to_its_owner() throws Exception {
        DataDirectory data = new DataDirectory(root.resolve("data"));
        Path file = data.folder("secrets").resolve("token");
        DataDirectory.write(file, "first");
        DataDirectory.write(file, "second");
        assertThat(DataDirectory.read(file)).isEqualTo("second");
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(permissions(data.path("secrets"))).isEqualTo("rwx------");
        assertThat(data.path("secrets").toFile().list()).containsExactly("token");
    }

    private static String permissions(Path file) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private String otherProcessHolds() throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        root.resolve("data").toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(other.waitFor(30, TimeUnit.SECONDS)).isTrue();
        return output;
    }

    static final class Holder {
        public static void main(String[] arguments) {
            try (DataDirectory data = new DataDirectory(Path.of(arguments[0])).hold()) {
                System.out.println("held " + data.root());
            } catch (CommandFailure e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
