package io.rialto.cells.failover;

import io.rialto.node.Json;
import io.rialto.node.JsonSection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The snapshot's section about units that have standbys. */
public final class Standbys {
    /** The name of the section. */
    public static final String SECTION = "standbys";

    private static final int MAX_UNITS = 2048;

    private Standbys() {}

    /** What is wrong with a section; empty where nothing is. */
    public static List<String> errors(JsonNode section) {
        JsonSection json = JsonSection.of(SECTION, section);
        read(json);
        return json.errors();
    }

    /**
     * The units of a section.
     *
     * @throws IllegalArgumentException with all errors, where it is wrong
     */
    public static List<UnitServers> units(JsonNode section) {
        JsonSection json = JsonSection.of(SECTION, section);
        List<UnitServers> units = read(json);
        if (!json.isFine()) {
            throw new IllegalArgumentException(String.join("; ", json.errors()));
        }
        return units;
    }

    /** One of the units of a section. */
    public static Optional<UnitServers> unit(JsonNode section, String id) {
        return units(section).stream().filter(unit -> unit.unit().equals(id)).findFirst();
    }

    private static List<UnitServers> read(JsonSection json) {
        Set<String> ids = new HashSet<>();
        List<UnitServers> units = json.objects("units", MAX_UNITS, one -> {
            UnitServers unit = UnitServers.read(one);
            if (!ids.add(unit.unit())) {
                one.refuse("unit", unit.unit(), "a unit that is not told twice");
            }
            return unit;
        });
        json.end();
        return units;
    }

    /** A section of these units. */
    public static ObjectNode section(Collection<UnitServers> units) {
        ObjectNode section = Json.mapper().createObjectNode();
        ArrayNode all = section.putArray("units");
        units.forEach(unit -> all.add(unit.json()));
        return section;
    }

    /** The section with one unit in place of what it said of it. */
    public static ObjectNode with(JsonNode section, UnitServers changed) {
        List<UnitServers> units = new ArrayList<>(units(section));
        units.removeIf(unit -> unit.unit().equals(changed.unit()));
        units.add(changed);
        return section(units);
    }
}
