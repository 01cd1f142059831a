package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.protocol.Caller;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class ColoursTest {
    private static final String OPERATION = "wallet.Balance/Get";
    private static final String UNITS = """
            "id": "east", "deploy-units": [{"id": "e-green", "colour": "green", "weight": 3000}, {"id": "e-blue", "colour": "blue", "weight": 7000}],""";

    @Test
    void a_user_is_served_by_the_colour_of_the_weights_and_the_backend_is_told() throws Exception {
        String operations =
                Fixture.operations("{\"name\": \"wallet.Balance/Get\", \"auth\": \"user\", \"route\": \"user\"}");
        try (Fixture edge = new Fixture(operations)) {
            call(edge, edge.userOf("east"));
            assertThat(edge.colours).containsExactly("");

            RoutingTable table =
                    RoutingTable.parse(Fixture.JSON.readTree(Fixture.TABLE.replace("\"id\": \"east\",", UNITS)));
            edge.gateway.apply(Fixture.config(operations), edge.keys, table);
            Set<String> seen = new TreeSet<>();
            for (int i = 0; i < 60; i++) {
                String user = "u" + i;
                if (!table.locate(user).cell().id().equals("east")) {
                    continue;
                }
                String expected = table.colour(user, table.locate(user).cell());
                assertThat(call(edge, user)).isEqualTo(expected);
                assertThat(call(edge, user)).isEqualTo(expected);
                assertThat(edge.colours.getLast()).isEqualTo(expected);
                seen.add(expected);
            }
            assertThat(seen).containsExactly("blue", "green");
        }
    }

    private static String call(Fixture edge, String user) throws Exception {
        assertThat(edge.fromServer(OPERATION, user, 0, 1, 1)
                        .body("{}")
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        Caller caller =
                Fixture.CALLERS.verify(edge.backend.last().header("rialto-caller"), OPERATION, edge.millis.get());
        return String.valueOf(caller.colour());
    }
}
