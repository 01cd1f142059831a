package io.rialto.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import io.rialto.architecture.House.Room;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What does not fit on a few screens is not read. */
class SizesTest {
    private static final int FILE_LINES = 500;
    private static final int METHOD_LINES = 60;
    private static final int METHOD_LINES_P95 = 25;

    private record Method(String name, int lines) {}

    static Stream<Room> rooms() {
        return House.ROOMS.stream();
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void files_are_short(Room room) throws IOException {
        List<String> long_ = new ArrayList<>();
        for (Path file : House.files(room, "src", ".java")) {
            long lines = Files.readAllLines(file).size();
            if (lines > FILE_LINES) {
                long_.add(file.getFileName() + ": " + lines);
            }
        }
        assertThat(long_).isEmpty();
    }

    @Test
    void methods_are_short() throws IOException {
        List<Method> methods = new ArrayList<>();
        for (Room room : House.ROOMS) {
            methods.addAll(methods(House.files(room, "src/main", ".java")));
        }
        assertThat(methods).isNotEmpty();
        assertThat(methods).filteredOn(method -> method.lines() > METHOD_LINES).isEmpty();
        int p95 = methods.stream()
                .mapToInt(Method::lines)
                .sorted()
                .skip(methods.size() * 95L / 100)
                .findFirst()
                .orElseThrow();
        assertThat(p95)
                .as("95th percentile of %d methods' lines", methods.size())
                .isLessThanOrEqualTo(METHOD_LINES_P95);
    }

    private static List<Method> methods(List<Path> files) throws IOException {
        if (files.isEmpty()) {
            return List.of();
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<Method> methods = new ArrayList<>();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask)
                    compiler.getTask(null, manager, null, null, null, manager.getJavaFileObjectsFromPaths(files));
            Trees trees = Trees.instance(task);
            for (CompilationUnitTree unit : task.parse()) {
                new MethodScanner(trees, methods).scan(unit, null);
            }
        }
        return methods;
    }

    private static final class MethodScanner extends TreePathScanner<Void, Void> {
        private final Trees trees;
        private final List<Method> methods;

        MethodScanner(Trees trees, List<Method> methods) {
            this.trees = trees;
            this.methods = methods;
        }

        @Override
        public Void visitMethod(MethodTree method, Void nothing) {
            CompilationUnitTree unit = getCurrentPath().getCompilationUnit();
            if (method.getBody() != null) {
                long first = line(unit, trees.getSourcePositions().getStartPosition(unit, method.getBody()));
                long last = line(unit, trees.getSourcePositions().getEndPosition(unit, method.getBody()));
                Path file = Path.of(unit.getSourceFile().getName());
                methods.add(new Method(file.getFileName() + " " + method.getName(), (int) (last - first + 1)));
            }
            return super.visitMethod(method, null);
        }

        private static long line(CompilationUnitTree unit, long position) {
            return unit.getLineMap().getLineNumber(position);
        }
    }
}
