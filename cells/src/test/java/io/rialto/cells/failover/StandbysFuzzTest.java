package io.rialto.cells.failover;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import tools.jackson.databind.JsonNode;

class StandbysFuzzTest {
    private static final String SECTION = """
            {"units":[{"unit":"u-east","generation":2,"phase":"promoting","primary":"east","quorum":1,\
            "auto-failover":true,"servers":["east","east-2"],"candidate":{"server":"east-2","snapshot":"7:9:8"},\
            "remote":"far"},{"unit":"u-west","generation":2,"phase":"taking","primary":"west","quorum":0,\
            "servers":["west"],"remote":"far","takeover":{"reason":"flood","declared":"2030-01-02T03:04:05Z"},\
            "lost":{"servers":["a"],"generation":1,"state":"given-up","silent":["a"],"note":"n","files":["f"]}}]}""";

    @FuzzTest
    void reads_whole_units_or_tells_what_is_wrong(FuzzedDataProvider data) {
        String text = data.consumeBoolean() ? mutated(data) : data.consumeRemainingAsString();
        try {
            JsonNode section = Json.read(text);
            if (Standbys.errors(section).isEmpty()) {
                for (UnitServers unit : Standbys.units(section)) {
                    assertThat(unit.promisesNeeded())
                            .isBetween(1, Math.max(1, unit.standbys().size()));
                    assertThat(Standbys.unit(Standbys.with(section, unit), unit.unit()))
                            .contains(unit);
                }
            }
        } catch (JsonException e) {
            assertThat(e).hasMessageStartingWith("not JSON: ");
        }
    }

    private static String mutated(FuzzedDataProvider data) {
        StringBuilder text = new StringBuilder(SECTION);
        int at = data.consumeInt(0, text.length() - 1);
        return text.replace(at, Math.min(text.length(), at + data.consumeInt(0, 12)), data.consumeString(12))
                .toString();
    }
}
