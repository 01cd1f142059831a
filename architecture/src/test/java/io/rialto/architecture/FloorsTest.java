package io.rialto.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.architecture.House.Room;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class FloorsTest {
    /**
     * A library of an outside system and the packages that may import it: one integration per package.
     *
     * @param packages of the library
     * @param homes packages of ours
     */
    record Library(String packages, List<String> homes) {}

    static final List<Library> LIBRARIES = List.of(
            new Library("okhttp3..", List.of("io.rialto.client..")),
            new Library("okio..", List.of("io.rialto.client..")),
            // The benchmark's load generator speaks the same protocols as what it loads.
            new Library("io.netty..", List.of("io.rialto.gateway..", "io.rialto.benchmark..")),
            new Library("com.github.luben..", List.of("io.rialto.gateway..")),
            new Library("io.javalin..", List.of("io.rialto.control..")),
            // The wallet stands for a backend of somebody else's: it brings its own way to its database.
            new Library("org.flywaydb..", List.of("io.rialto.node..", "io.rialto.wallet..")),
            new Library("com.zaxxer..", List.of("io.rialto.node..", "io.rialto.wallet..")),
            new Library("org.postgresql..", List.of("io.rialto.node..")),
            new Library("io.zonky..", List.of("io.rialto.node..")),
            new Library("com.nimbusds..", List.of("io.rialto.gateway..")),
            // Whatever has a main method.
            new Library("picocli..", List.of("io.rialto.server..", "io.rialto.benchmark..", "io.rialto.wallet..")),
            new Library("org.springframework..", List.of("io.rialto.starter..", "io.rialto.wallet..")),
            // The certificates of one installation are made by the program, not by the wire.
            new Library("org.bouncycastle..", List.of("io.rialto.protocol..", "io.rialto.server..")));

    static Stream<Room> rooms() {
        return House.ROOMS.stream();
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void a_room_imports_only_rooms_above_it(Room room) {
        String[] forbidden = House.ROOMS.stream()
                .filter(other -> !other.equals(room) && !room.imports().contains(other.name()))
                .map(Room::packages)
                .toArray(String[]::new);
        noClasses()
                .that(resideInAPackage(room.packages()))
                .should()
                .dependOnClassesThat(resideInAnyPackage(forbidden))
                .allowEmptyShould(true)
                .check(House.MAIN);
    }

    @Test
    void packages_form_no_circle() {
        slices().matching("io.rialto.(**)").should().beFreeOfCycles().check(House.MAIN);
    }

    @ParameterizedTest
    @FieldSource("LIBRARIES")
    void a_library_of_an_outside_system_is_imported_in_one_place(Library library) {
        noClasses()
                .that(resideOutsideOfPackage("io.rialto.architecture.."))
                .and()
                .resideOutsideOfPackages(library.homes().toArray(new String[0]))
                .should()
                .dependOnClassesThat(resideInAPackage(library.packages()))
                .check(House.MAIN);
    }

    @Test
    void every_class_is_in_a_room_and_every_room_holds_something() {
        for (Room room : House.ROOMS) {
            assertThat(House.MAIN.stream()
                            .filter(type -> resideInAPackage(room.packages()).test(type)))
                    .as(room.folder())
                    .isNotEmpty();
        }
        assertThat(House.MAIN.stream()
                        .map(type -> type.getPackageName())
                        .filter(name -> House.ROOMS.stream()
                                .noneMatch(room -> (name + ".").startsWith("io.rialto." + room.name() + "."))))
                .isEmpty();
    }
}
