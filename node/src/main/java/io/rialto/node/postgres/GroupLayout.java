package io.rialto.node.postgres;

import io.rialto.node.DurableFiles;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.JsonSection;
import io.rialto.node.postgres.PostgresGroup.Plan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which servers of a group run, and what for. It is kept beside their data, since it is needed before anything else runs:
 * a server that is none of these is not started, whatever its data says.
 *
 * @param plan as it was when the layout was first written
 * @param members of which one is the primary, and the others must have its writes
 * @param joining standbys that are to be members
 * @param remote a copy in another city, which nobody waits for
 */
record GroupLayout(Plan plan, List<String> members, List<String> joining, Optional<String> remote) {
    /** As many servers as a group can have, twice, for two cities. */
    private static final int MAX_SERVERS = 32;

    GroupLayout {
        members = List.copyOf(members);
        joining = List.copyOf(joining);
    }

    /** All that run. */
    List<String> running() {
        return Stream.of(members.stream(), joining.stream(), remote.stream())
                .flatMap(names -> names)
                .toList();
    }

    /** Where that of a group is: beside the folder of its first server, since that may be lost with its city. */
    static Path file(Path first) {
        return first.resolveSibling(first.getFileName() + ".layout.json");
    }

    /** The layout in a file; empty where there is none. */
    static Optional<GroupLayout> read(Path file) throws IOException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonSection json = JsonSection.of("layout", Json.read(Files.readAllBytes(file)));
            int standbys = json.integer("standbys", 0, MAX_SERVERS);
            GroupLayout layout = new GroupLayout(
                    new Plan(standbys, json.integer("quorum", Math.min(1, standbys), standbys), true),
                    json.texts("members", MAX_SERVERS),
                    json.texts("joining", MAX_SERVERS),
                    json.optionalText("remote"));
            json.end();
            List<String> names = layout.running();
            if (layout.members().isEmpty() || new HashSet<>(names).size() != names.size()) {
                json.refuse("members", names, "at least one, and each of all once");
            }
            if (!json.isFine()) {
                throw new IOException(file + ": " + String.join("; ", json.errors()));
            }
            return Optional.of(layout);
        } catch (JsonException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    void write(Path file) throws IOException {
        ObjectNode json = Json.mapper().createObjectNode();
        json.put("standbys", plan.standbys()).put("quorum", plan.quorum());
        members.forEach(json.putArray("members")::add);
        joining.forEach(json.putArray("joining")::add);
        remote.ifPresent(name -> json.put("remote", name));
        DurableFiles.replace(file, Json.write(json).getBytes(StandardCharsets.UTF_8));
    }
}
