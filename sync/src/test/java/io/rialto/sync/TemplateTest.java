package io.rialto.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.protocol.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateTest {
    private static final String FINE = """
            {"received": {"en": {"title": "Payment", "body": "{amount} from {name}"},
                          "de": {"title": "Zahlung von {name}", "body": "{amount}"},
                          "pt-BR": {"title": "Pagamento", "body": "{amount}"}}}""";

    private static List<String> errors(String templates, String more) throws JsonException {
        return SyncConfig.errors(Json.read(
                "{\"topics\": [{\"name\": \"pay\", \"app\": \"wallet\", \"templates\": " + templates + more + "}]}"));
    }

    private static Topic topic() throws Exception {
        return Objects.requireNonNull(SyncConfig.parse(Json.read(
                        "{\"topics\": [{\"name\": \"pay\", \"app\": \"wallet\", \"templates\": " + FINE + "}]}"))
                .topics()
                .get("pay"));
    }

    private static Template.Text shown(String locale, Map<String, String> values) throws Exception {
        String notice = Objects.requireNonNull(Notice.of(topic(), "received", values));
        return Notice.render(topic(), notice, locale).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "de, Zahlung von Ann",
        "de-AT, Zahlung von Ann",
        "DE_de, Zahlung von Ann",
        "pt-BR, Pagamento",
        "pt-br-x-y, Pagamento",
        "pt, Payment",
        "fr-CA, Payment",
        "'', Payment",
        "-, Payment"
    })
    void a_device_gets_the_text_of_its_locale_or_of_what_that_is_part_of_or_the_standard(String locale, String title)
            throws Exception {
        assertThat(shown(locale, Map.of("amount", "7.50", "name", "Ann")).title())
                .isEqualTo(title);
    }

    @Test
    void a_value_is_shown_as_it_is() throws Exception {
        assertThat(shown("en", Map.of("amount", "{name} $1 \\", "name", "\"A\""))
                        .body())
                .isEqualTo("{name} $1 \\ from \"A\"");
    }

    @Test
    void what_is_too_long_for_a_vendor_is_cut_between_characters() throws Exception {
        String body = shown("en", Map.of("amount", "\ud83d\ude00".repeat(128), "name", "n".repeat(256)))
                .body();
        assertThat(body).startsWith("\ud83d\ude00").contains(" from nnn").doesNotContain("\ufffd");
        Template.Text title = shown("de", Map.of("amount", "1", "name", "\ud83d\ude00".repeat(128)));
        assertThat(title.title().getBytes(StandardCharsets.UTF_8).length).isBetween(250, 256);
        assertThat(title.title()).endsWith("\ude00\u2026");
    }

    @Test
    void a_template_that_is_gone_shows_nothing() throws Exception {
        String notice = Objects.requireNonNull(Notice.of(topic(), "received", Map.of("amount", "1", "name", "n")));
        assertThat(Notice.render(Topic.of("pay", "wallet"), notice, "en")).isEmpty();
        assertThat(Notice.render(topic(), "{", "en")).isEmpty();
    }

    @Test
    void refuses_at_configuration_what_could_not_be_shown() throws Exception {
        assertThat(errors("{\"a\": {\"de\": {\"title\": \"t\", \"body\": \"b\"}}}", ""))
                .containsExactly(
                        "sync.topics[0].templates.a: locales [de] (expected: also en, the default-locale of the"
                                + " topic)");
        assertThat(errors("{\"a\": {\"de\": {\"title\": \"t\", \"body\": \"b\"}}}", ", \"default-locale\": \"de\""))
                .isEmpty();
        assertThat(errors(FINE.replace("Pagamento", "{quem}"), ""))
                .singleElement()
                .asString()
                .contains("placeholders [quem] in pt-br (expected: of those in en, [amount, name])");
        assertThat(errors(FINE.replace("\"Payment\"", "\"Pay {Amount}\""), ""))
                .singleElement()
                .asString()
                .contains("templates.received.en.title");
        assertThat(errors(FINE.replace("\"Payment\"", "\"" + "t".repeat(257) + "\""), ""))
                .singleElement()
                .asString()
                .contains("257 characters (expected: at most 256 bytes)");
        assertThat(errors("{\"A\": {\"en\": {\"title\": \"t\", \"body\": \"b\", \"icon\": \"i\"}}}", ""))
                .hasSize(2);
        assertThat(errors("{\"a\": {\"en\": {\"title\": \"t\"}, \"x\": {\"title\": \"t\", \"body\": \"b\"}}}", ""))
                .hasSize(2);
        assertThat(errors(
                        "{\"a\": {\"en\": {\"title\": \"t\", \"body\": \"b\"}, \"EN\": {\"title\": \"t\", \"body\": \"b\"}}}",
                        ""))
                .hasSize(1);
        assertThat(errors("{\"a\": []}", "")).isNotEmpty();
    }

    @Test
    void refuses_a_publish_whose_values_are_not_those_of_the_template() throws Exception {
        refused("other", Map.of(), "template: other (expected: of topic pay: [received])");
        refused("received", Map.of("amount", "1"), "values: 1 values without [name]");
        refused("received", Map.of("amount", "1", "name", "n", "pin", "1234"), "values: 3 values (expected");
        refused("received", Map.of("amount", "1", "name", "n".repeat(257)), "values.name: 257 characters");
        refused("received", Map.of("amount", "1", "name", "a\nb"), "values.name: 3 characters");
        refused("", Map.of("amount", "1"), "values: 1 values (expected: none without a template)");
        assertThat(Notice.of(topic(), "", Map.of())).isNull();
    }

    private static void refused(String template, Map<String, String> values, String message) throws Exception {
        Topic topic = topic();
        assertThatThrownBy(() -> Notice.of(topic, template, values))
                .isInstanceOf(ProtocolException.class)
                .hasMessageStartingWith(message);
    }
}
