package io.rialto.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import io.rialto.architecture.House.Room;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class HabitsTest {
    /** The programs: what they print is their purpose. */
    private static final String[] PROGRAMS = {"io.rialto.server..", "io.rialto.wallet..", "io.rialto.benchmark.."};

    /** Types of a room whose share of public ones says nothing yet. */
    private static final int SMALL_ROOM = 20;

    static final List<JavaClasses> ALL = List.of(House.MAIN, House.TESTS);

    static Stream<Room> rooms() {
        return House.ROOMS.stream();
    }

    @ParameterizedTest
    @FieldSource("ALL")
    void nothing_sleeps(JavaClasses classes) {
        // The sample's programs wait by the clock, as people and pollers do.
        noClasses()
                .that(not(resideInAPackage("io.rialto.wallet..")))
                .should()
                .callMethodWhere(call("java.lang.Thread", "sleep"))
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void context_is_passed_and_never_hung_on_a_thread() {
        noClasses()
                .should()
                .dependOnClassesThat(assignableTo(ThreadLocal.class)
                        .or(simpleName("FastThreadLocal"))
                        .as("are thread locals"))
                .check(House.MAIN);
    }

    @Test
    void nothing_logs_by_java_util_logging() {
        noClasses()
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.util.logging.."))
                .check(House.MAIN);
    }

    @Test
    void only_programs_print() {
        noClasses()
                .that(resideInAnyPackage("io.rialto..").and(not(resideInAnyPackage(PROGRAMS))))
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethodWhere(call("java.lang.Throwable", "printStackTrace"))
                .check(House.MAIN);
    }

    private static DescribedPredicate<JavaMethodCall> call(String owner, String name) {
        return DescribedPredicate.describe(
                owner + "." + name,
                call -> call.getTarget().getName().equals(name)
                        && call.getTargetOwner().isAssignableTo(owner));
    }

    @Test
    void every_package_says_what_it_is_for_and_marks_its_nulls() {
        Set<String> packages = House.MAIN.stream()
                .filter(HabitsTest::isWritten)
                .map(JavaClass::getPackageName)
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> marked = House.MAIN.stream()
                .filter(type -> type.getSimpleName().equals("package-info") && type.isAnnotatedWith(NullMarked.class))
                .map(JavaClass::getPackageName)
                .collect(Collectors.toCollection(TreeSet::new));
        packages.removeAll(marked);
        assertThat(packages).as("packages without a @NullMarked package-info").isEmpty();
    }

    /** Most of a room is its own business. The SDK's and the starter's reason to be is what others call. */
    @ParameterizedTest
    @MethodSource("rooms")
    void most_types_of_a_room_are_its_own_business(Room room) {
        List<JavaClass> types = House.MAIN.stream()
                .filter(type -> (type.getPackageName() + ".").startsWith("io.rialto." + room.name() + "."))
                .filter(HabitsTest::isWritten)
                .filter(type -> type.isTopLevelClass())
                .toList();
        List<String> open = types.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .map(JavaClass::getSimpleName)
                .sorted()
                .toList();
        if (types.size() < SMALL_ROOM) {
            return;
        }
        int percent = open.size() * 100 / types.size();
        assertThat(percent)
                .as("percent of public types of %s: %s", room.folder(), open)
                .isLessThan(mostPublic(room));
    }

    private static int mostPublic(Room room) {
        return switch (room.name()) {
            // The words that every other room speaks, and what every server process is made of.
            case "protocol", "node" -> 101;
            // The SDK and the starter are there to be called; sync's ports and their values are implemented in packages
            // of their own. The values of cells are what every other room locates users by.
            case "client", "sync", "starter", "cells" -> 60;
            default -> 40;
        };
    }

    /** By a person, not by the compilers of protobuf and JMH. */
    private static boolean isWritten(JavaClass type) {
        String name = type.getPackageName();
        return !type.getSimpleName().equals("package-info")
                && !name.equals("io.rialto.wallet.api")
                && !name.equals("io.rialto.sync.wire")
                && !name.endsWith(".jmh_generated");
    }

    @Test
    void a_class_is_final_or_made_to_be_extended() {
        List<String> open = House.MAIN.stream()
                .filter(HabitsTest::isWritten)
                .filter(type ->
                        !type.isInterface() && !type.isEnum() && !type.isAnonymousClass() && !type.isLocalClass())
                .filter(type -> !type.getModifiers().contains(JavaModifier.FINAL)
                        && !type.getModifiers().contains(JavaModifier.ABSTRACT))
                .filter(type -> !type.isAnnotatedWith("org.openjdk.jmh.annotations.State")) // extended by JMH
                .filter(type -> type.getSubclasses().isEmpty())
                .map(JavaClass::getName)
                .sorted()
                .toList();
        assertThat(open).isEmpty();
    }
}
