package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.cells.RoutingTable;
import io.rialto.gateway.config.ConfigException;
import io.rialto.gateway.config.Keys;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class DirectoryTest {
    private static final String OPERATIONS =
            Fixture.operations("{\"name\": \"wallet.Info/Get\", \"auth\": \"none\", \"route\": \"local\"}");

    private JsonNode vector;
    private Fixture edge;

    @BeforeEach
    void start() throws Exception {
        vector = Fixture.JSON.readTree(Files.readString(Path.of("..", "protocol", "vectors", "directory.json")));
        edge = new Fixture(OPERATIONS);
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    private Keys keys(String publicKey) throws ConfigException {
        String key = "\"directory\": [{\"id\": \"d1\", \"private\": \"%s\", \"public\": \"%s\"}], \"caller\""
                .formatted(vector.path("private").stringValue(), publicKey);
        return Keys.parse(Fixture.JSON.readTree(Fixture.keysJson(edge.serverKey).replace("\"caller\"", key)));
    }

    private void apply(String table) throws Exception {
        edge.gateway.apply(
                Fixture.config(OPERATIONS),
                keys(vector.path("public").stringValue()),
                RoutingTable.parse(Fixture.JSON.readTree(table)));
    }

    private static String withHosts() {
        return Fixture.TABLE
                .replace("https://127.0.0.1:8444", "https://west.example:8444")
                .replace(
                        "\"overrides\": []",
                        "\"overrides\": [{\"user\": \"ann\", \"shard\": 1000, \"unit\": \"u-west\"}],"
                                + " \"hosts\": [{\"host\": \"west.example\", \"addresses\": [\"203.0.113.1\"]}]");
    }

    private FakeCall.Reply ask(String query) throws Exception {
        return edge.call("GET", "/rialto/directory" + query).send(edge.gateway);
    }

    @Test
    void says_by_shard_where_its_cell_is_signed_and_for_caches() throws Exception {
        apply(withHosts());
        FakeCall.Reply reply = ask("?shard=61");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.text()).isEqualTo(vector.path("body").stringValue());
        assertThat(reply.header("rialto-directory-signature"))
                .isEqualTo("d1;" + vector.path("signature").stringValue());
        assertThat(reply.header("cache-control")).startsWith("public, max-age=60");
        assertThat(verifies(reply.text(), vector.path("signature").stringValue()))
                .isTrue();
        assertThat(verifies(
                        reply.text().replace("203", "204"),
                        vector.path("signature").stringValue()))
                .isFalse();
        // Kept, and the same again.
        assertThat(ask("?shard=61").text()).isEqualTo(reply.text());
    }

    private boolean verifies(String body, String signature) throws Exception {
        byte[] prefix = HexFormat.of().parseHex("302a300506032b6570032100");
        byte[] key = Base64.getUrlDecoder().decode(vector.path("public").stringValue());
        byte[] encoded = HexFormat.of()
                .parseHex(HexFormat.of().formatHex(prefix) + HexFormat.of().formatHex(key));
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
        verifier.update(("rialto-directory/1\n" + body).getBytes(StandardCharsets.UTF_8));
        return verifier.verify(Base64.getUrlDecoder().decode(signature));
    }

    @Test
    void names_all_cells_of_users_where_no_shard_is_asked_for_and_never_who_has_a_shard_alone() throws Exception {
        apply(withHosts());
        String all = "{\"gateways\":[\"https://127.0.0.1:8443\",\"https://west.example:8444\"],"
                + "\"hosts\":{\"west.example\":[\"203.0.113.1\"]}}";
        assertThat(ask("").text()).isEqualTo(all);
        assertThat(ask("?shard=1000").text()).isEqualTo(all);
        assertThat(ask("?shard=1001").text()).isEqualTo(all);
        assertThat(ask("?user=ann").reason()).isEqualTo(Reason.MALFORMED_FRAME.wireName());
        assertThat(ask("?shard=-1").reason()).isEqualTo(Reason.MALFORMED_FRAME.wireName());
    }

    @Test
    void leaves_out_cells_that_are_away_and_names_their_own_last_where_they_are_asked_for() throws Exception {
        apply(withHosts());
        String owner = ask("?shard=61").text();
        edge.away.add("west");
        assertThat(ask("").text()).isEqualTo("{\"gateways\":[\"https://127.0.0.1:8443\"],\"hosts\":{}}");
        assertThat(ask("?shard=61").text())
                .startsWith("{\"shard\":61,\"epoch\":4,\"cell\":\"west\",")
                .contains("[\"https://127.0.0.1:8443\",\"https://west.example:8444\"]");
        edge.away.clear();
        assertThat(ask("?shard=61").text()).isEqualTo(owner);
    }

    @Test
    void answers_with_all_cells_where_all_seem_to_be_away() throws Exception {
        // This node's own cell has no users, and it reaches nobody: then it is rather this node that is cut off.
        apply(withHosts()
                .replace("\"id\": \"east\"", "\"id\": \"north\"")
                .replace("\"cell\": \"east\"", "\"cell\": \"north\""));
        String all = ask("").text();
        assertThat(all).contains("8443").contains("8444");
        edge.away.addAll(java.util.Set.of("north", "west"));
        assertThat(ask("").text()).contains("8443").contains("8444");
    }

    @Test
    void is_kept_by_nobody_on_the_way_where_networks_are_answered_differently() throws Exception {
        apply(withHosts().replace("\"hosts\":", "\"networks\": [{\"cidr\": \"10.0.0.0/8\"}], \"hosts\":"));
        assertThat(ask("").header("cache-control")).startsWith("private, max-age=60");
    }

    @Test
    void is_not_there_without_a_key() throws Exception {
        assertThat(ask("?shard=1").status()).isEqualTo(404);
    }

    @Test
    void refuses_keys_that_do_not_belong_together() {
        org.assertj.core.api.Assertions.assertThatThrownBy(() -> keys(Fixture.key(7)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("directory[0].public");
    }
}
