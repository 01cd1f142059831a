package io.rialto.cells;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.rialto.node.Json;
import io.rialto.node.JsonException;

class RoutingTableFuzzTest {
    @FuzzTest
    void reads_a_whole_table_or_tells_what_is_wrong(FuzzedDataProvider data) {
        String text = data.consumeBoolean() ? mutated(data) : data.consumeRemainingAsString();
        try {
            RoutingTable table = RoutingTable.parse(Json.read(text));
            Place place = table.locate(data.consumeString(20));
            assertThat(table.cell(place.cell().id())).contains(place.cell());
            assertThat(table.places()).doesNotContainNull();
        } catch (TableException e) {
            assertThat(e.errors()).isNotEmpty();
        } catch (JsonException e) {
            assertThat(e).hasMessageStartingWith("not JSON: ");
        }
    }

    private static String mutated(FuzzedDataProvider data) {
        StringBuilder text = new StringBuilder(RoutingTableTest.TABLE);
        for (int i = data.consumeInt(0, 4); i > 0; i--) {
            int at = data.consumeInt(0, text.length() - 1);
            text.replace(at, Math.min(text.length(), at + data.consumeInt(0, 12)), data.consumeString(12));
            if (text.isEmpty()) {
                return "";
            }
        }
        return text.toString();
    }
}
