package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.protocol.Caller;
import io.rialto.protocol.Handshake;
import io.rialto.protocol.Reason;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Enrolment, sessions, sealed and signed calls, and all ways in which they are refused. */
final class IdentityTest {
    private Fixture edge;
    private Phone phone;

    @BeforeEach
    void start() throws Exception {
        edge = new Fixture(Fixture.operations(
                "{\"name\": \"wallet.Balance/Get\", \"auth\": \"user\", \"app\": \"wallet\"}",
                "{\"name\": \"wallet.Device/Get\", \"auth\": \"device\", \"app\": \"wallet\"}",
                "{\"name\": \"wallet.Other/Get\", \"auth\": \"device\", \"app\": \"other\"}",
                "{\"name\": \"wallet.Login/Start\", \"auth\": \"device\", \"login\": true}"));
        phone = new Phone(edge).enrol();
    }

    @AfterEach
    void stop() {
        edge.close();
    }

    @Test
    void the_same_key_enrols_as_the_same_device() throws Exception {
        String first = phone.device;
        assertThat(first).hasSize(26);
        assertThat(phone.enrol().device).isEqualTo(first);
    }

    @Test
    void refuses_enrolment_that_the_key_did_not_sign() throws Exception {
        refused(edge.post("/rialto.Device/Enrol", "{\"app\": \"wallet\"}"), Reason.IDENTITY_REQUIRED);
        String other = "enrol:"
                + java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(new Phone(edge).key.point());
        refused(phone.sign("/rialto.Device/Enrol", "{\"app\": \"wallet\"}", other), Reason.WRONG_SIGNATURE);
        refused(phone.sign("/rialto.Device/Enrol", "{}", "enrol:!"), Reason.WRONG_SIGNATURE);
        String own =
                "enrol:" + java.util.Base64.getUrlEncoder().withoutPadding().encodeToString(phone.key.point());
        refused(phone.sign("/rialto.Device/Enrol", "{\"app\": \"none\"}", own), Reason.WRONG_APP);
        refused(phone.sign("/rialto.Device/Enrol", "{\"app\":", own), Reason.INVALID_JSON);
        refused(phone.sign("/rialto.Device/Enrol", "{}", own), Reason.INVALID_BODY);
    }

    @Test
    void a_sealed_call_reaches_the_backend_and_its_answer_only_the_phone() throws Exception {
        phone.open();
        FakeCall.Reply reply = phone.sealed("/wallet.Device/Get", "{\"a\":1}").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("content-type")).isEqualTo("application/rialto-sealed");
        assertThat(reply.header("rialto-content-type")).isEqualTo("application/json");
        assertThat(reply.text()).doesNotContain("answer");
        assertThat(phone.openAnswer(reply, 1)).isEqualTo("{\"answer\":{\"a\":1}}");
        Caller caller = Fixture.CALLERS.verify(
                edge.backend.last().header("rialto-caller"), "wallet.Device/Get", edge.millis.get());
        assertThat(caller.device()).isEqualTo(phone.device);
        assertThat(caller.app()).isEqualTo("wallet");
        assertThat(caller.user()).isNull();
    }

    @Test
    void a_login_binds_the_device_to_the_user() throws Exception {
        String user = edge.userOf("east");
        phone.open();
        refusedSealed("/wallet.Balance/Get", Reason.IDENTITY_REQUIRED);
        phone.login(user);
        assertThat(phone.opened().acceptance().user()).isEqualTo(user);
        assertThat(phone.sealed("/wallet.Balance/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
        Caller caller = Fixture.CALLERS.verify(
                edge.backend.last().header("rialto-caller"), "wallet.Balance/Get", edge.millis.get());
        assertThat(caller.user()).isEqualTo(user);
        assertThat(caller.shard()).isEqualTo(edge.table.locate(user).shard());
    }

    @Test
    void refuses_another_devices_session() throws Exception {
        phone.login(edge.userOf("east"));
        Phone thief = new Phone(edge).enrol();
        thief.session = phone.session;
        refused(thief.handshake(thief.offer()), Reason.WRONG_SESSION);
        refused(
                thief.sign("/wallet.Balance/Get", "{}", "device", "rialto-session", String.valueOf(phone.session)),
                Reason.WRONG_SESSION);
    }

    @Test
    void refuses_handshakes_that_do_not_hold() throws Exception {
        Handshake.Client twice = phone.offer();
        assertThat(phone.handshake(twice).send(edge.gateway).status()).isEqualTo(200);
        refused(phone.handshake(twice), Reason.REPLAYED_CALL);
        phone.edgeName = "east/east-1/other";
        refused(phone.handshake(phone.offer()), Reason.WRONG_EDGE);
        phone.edgeName = edge.self.toString();
        Handshake.Client old = phone.offer();
        edge.advance(200, TimeUnit.SECONDS);
        refused(phone.handshake(old), Reason.STALE_CALL);
        Phone thief = new Phone(edge);
        thief.credential = phone.credential;
        refused(thief.handshake(thief.offer()), Reason.WRONG_SIGNATURE);
        thief.credential = "x" + phone.credential;
        refused(thief.handshake(thief.offer()), Reason.WRONG_CREDENTIAL);
        refused(
                edge.call("POST", "/rialto.Seal/Open")
                        .header("content-type", "application/rialto-handshake")
                        .body("short"),
                Reason.MALFORMED_FRAME);
        edge.advance(366, TimeUnit.DAYS);
        refused(phone.handshake(phone.offer()), Reason.EXPIRED_CREDENTIAL);
    }

    @Test
    void accepts_each_counter_once() throws Exception {
        phone.open();
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        long now = edge.millis.get() / 1000;
        assertThat(phone.sealed("/wallet.Device/Get", body, 2_000, now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(phone.sealed("/wallet.Device/Get", body, 2_000, now), Reason.REPLAYED_CALL);
        refused(phone.sealed("/wallet.Device/Get", body, 976, now), Reason.REPLAYED_CALL);
        assertThat(phone.sealed("/wallet.Device/Get", body, 977, now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        assertThat(phone.sealed("/wallet.Device/Get", body, 1_999, now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(phone.sealed("/wallet.Device/Get", body, 977, now), Reason.REPLAYED_CALL);
    }

    @Test
    void refuses_sealed_calls_that_do_not_hold() throws Exception {
        phone.open();
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        long now = edge.millis.get() / 1000;
        refused(phone.sealed("/wallet.Device/Get", body, 1, now - 121), Reason.STALE_CALL);
        refused(phone.sealed("/wallet.Device/Get", body, 1, now + 121), Reason.STALE_CALL);
        FakeCall zero = phone.sealed("/wallet.Device/Get", "{}");
        zero.headers().set(Names.COUNTER, "0");
        refused(zero, Reason.REPLAYED_CALL);
        FakeCall padded = phone.sealed("/wallet.Device/Get", "{}");
        padded.headers().set(Names.COUNTER, "0" + padded.headers().get(Names.COUNTER));
        refused(padded, Reason.MALFORMED_FRAME);
        refused(
                phone.sealed("/wallet.Device/Get", "{}").body("tampered body, longer than a tag"),
                Reason.TAMPERED_BODY);
        refused(phone.sealed("/wallet.Device/Get", "{}").body("short"), Reason.TAMPERED_BODY);
        FakeCall route = phone.sealed("/wallet.Device/Get", "{}").header("rialto-route", "1");
        refused(route, Reason.TAMPERED_BODY);
        phone.edgeName = "east/east-2/boot1";
        refused(phone.sealed("/wallet.Device/Get", "{}"), Reason.WRONG_EDGE);
        assertThat(edge.backend.seen()).isEmpty();
    }

    @Test
    void refuses_wrong_and_expired_tickets() throws Exception {
        phone.open();
        FakeCall forged = phone.sealed("/wallet.Device/Get", "{}");
        forged.headers().set(Names.TICKET, "AQMB" + "A".repeat(100));
        refused(forged, Reason.WRONG_TICKET);
        FakeCall credential = phone.sealed("/wallet.Device/Get", "{}");
        credential.headers().set(Names.TICKET, phone.credential);
        refused(credential, Reason.WRONG_TICKET);
        FakeCall respelled = phone.sealed("/wallet.Device/Get", "{}");
        respelled.headers().set(Names.TICKET, phone.opened().acceptance().ticket() + "=");
        refused(respelled, Reason.WRONG_TICKET);
        edge.advance(25, TimeUnit.HOURS);
        refused(phone.sealed("/wallet.Device/Get", "{}"), Reason.EXPIRED_TICKET);
    }

    @Test
    void a_session_in_use_ends_at_its_end() throws Exception {
        phone.open();
        assertThat(phone.sealed("/wallet.Device/Get", "{}").send(edge.gateway).status())
                .isEqualTo(200);
        edge.advance(25, TimeUnit.HOURS);
        refused(phone.sealed("/wallet.Device/Get", "{}"), Reason.EXPIRED_TICKET);
    }

    @Test
    void drops_what_a_seal_does_not_cover() throws Exception {
        phone.open();
        phone.sealed("/wallet.Device/Get", "{}", "idempotency-key", "k")
                .header("x-smuggled", "1")
                .send(edge.gateway);
        assertThat(Fixture.names(edge.backend.last().headers()))
                .contains("idempotency-key")
                .doesNotContain("x-smuggled");
        // The key says what the caller wishes; the operation does not say that its backend keeps to it.
        assertThat(edge.backend.last().repeatable()).isFalse();
    }

    @Test
    void seals_refusals_after_the_call_was_opened() throws Exception {
        phone.open();
        FakeCall.Reply reply = phone.sealed("/wallet.Nothing/Get", "{}").send(edge.gateway);
        assertThat(reply.status()).isEqualTo(404);
        assertThat(reply.reason()).isEqualTo("unknown_operation");
        assertThat(phone.openAnswer(reply, 1)).contains("unknown_operation");
        edge.backend.answering(call -> FakeUpstream.json(204, ""));
        FakeCall.Reply empty = phone.sealed("/wallet.Device/Get", "{}").send(edge.gateway);
        assertThat(empty.status()).isEqualTo(200);
        assertThat(phone.openAnswer(empty, 2)).isEmpty();
    }

    @Test
    void refuses_revoked_devices_and_other_apps() throws Exception {
        phone.open();
        refusedSealed("/wallet.Other/Get", Reason.WRONG_APP);
        String json = Fixture.operations("{\"name\": \"wallet.Device/Get\", \"auth\": \"device\"}")
                .replace("\"revoked\"", "\"" + phone.device + "\"");
        edge.gateway.apply(Fixture.config(json), edge.keys, edge.table);
        refused(phone.sealed("/wallet.Device/Get", "{}"), Reason.REVOKED_DEVICE);
        refused(phone.handshake(phone.offer()), Reason.REVOKED_DEVICE);
        refused(phone.sign("/wallet.Device/Get", "{}", "ticket"), Reason.REVOKED_DEVICE);
        refused(phone.sign("/wallet.Device/Get", "{}", "device"), Reason.REVOKED_DEVICE);
    }

    @Test
    void accepts_calls_signed_under_the_ticket_and_by_the_device() throws Exception {
        phone.open();
        assertThat(phone.sign("/wallet.Device/Get", "{}", "ticket")
                        .send(edge.gateway)
                        .text())
                .isEqualTo("{\"answer\":{}}");
        assertThat(phone.sign("/wallet.Device/Get", "{}", "device")
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        phone.login(edge.userOf("east"));
        assertThat(phone.sign("/wallet.Balance/Get", "", "device", "rialto-session", String.valueOf(phone.session))
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
    }

    @Test
    void refuses_signed_calls_that_do_not_hold() throws Exception {
        phone.open();
        for (String keyId : List.of("ticket", "device")) {
            refused(phone.sign("/wallet.Device/Get", "{}", keyId).body("[]"), Reason.TAMPERED_BODY);
            FakeCall swapped = phone.sign("/wallet.Device/Get", "{}", keyId);
            swapped.headers().set(Names.SIGNATURE, "rialto=:" + "A".repeat(85) + "A==:");
            refused(swapped, Reason.WRONG_SIGNATURE);
            for (String component : List.of("@method", "@path", "rialto-edge", "content-type", "content-digest")) {
                refused(signLeaving(keyId, component), Reason.WRONG_SIGNATURE);
            }
            long now = edge.millis.get() / 1000;
            refused(sign(keyId, phone.nonce(keyId), now - 121), Reason.STALE_CALL);
            String nonce = phone.nonce(keyId);
            assertThat(sign(keyId, nonce, now).send(edge.gateway).status()).isEqualTo(200);
            refused(sign(keyId, nonce, now), Reason.REPLAYED_CALL);
        }
        refused(signLeaving("device", "rialto-credential"), Reason.WRONG_SIGNATURE);
        refused(sign("device", "short", edge.millis.get() / 1000), Reason.WRONG_SIGNATURE);
        refused(phone.sign("/wallet.Device/Get", "{}", "partner:wallet/none"), Reason.WRONG_SIGNATURE);
        refused(phone.sign("/wallet.Device/Get", "{}", "nobody"), Reason.WRONG_SIGNATURE);
        refused(edge.post("/wallet.Device/Get", "{}").header("signature-input", "rialto=()"), Reason.WRONG_SIGNATURE);
    }

    @Test
    void a_call_signed_under_a_ticket_takes_a_counter_of_its_session() throws Exception {
        phone.open();
        long now = edge.millis.get() / 1000;
        // The ticket needs no cover: another one holds another key.
        assertThat(signLeaving("ticket", "rialto-ticket").send(edge.gateway).status())
                .isEqualTo(200);
        String other = new Phone(edge).enrol().open().opened().acceptance().ticket();
        FakeCall moved = signLeaving("ticket", "rialto-ticket");
        moved.headers().set(Names.TICKET, other);
        refused(moved, Reason.WRONG_SIGNATURE);
        for (String nonce : List.of("", "-1", "a", "0x10", "00", "1234567890123456789")) {
            refused(sign("ticket", nonce, now), Reason.MALFORMED_FRAME);
        }
        refused(sign("ticket", "0", now), Reason.REPLAYED_CALL);
        long counter = phone.counter + 2000;
        assertThat(sign("ticket", Long.toString(counter), now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(sign("ticket", Long.toString(counter), now), Reason.REPLAYED_CALL);
        refused(sign("ticket", "0" + counter, now), Reason.MALFORMED_FRAME);
        refused(sign("ticket", Long.toString(counter - 1024), now), Reason.REPLAYED_CALL);
        refused(
                phone.sealed("/wallet.Device/Get", "{}".getBytes(StandardCharsets.UTF_8), counter, now),
                Reason.REPLAYED_CALL);
        assertThat(phone.sealed("/wallet.Device/Get", "{}".getBytes(StandardCharsets.UTF_8), counter - 1, now)
                        .send(edge.gateway)
                        .status())
                .isEqualTo(200);
        refused(sign("ticket", Long.toString(counter - 1), now), Reason.REPLAYED_CALL);
    }

    private FakeCall signLeaving(String keyId, String component) throws Exception {
        return phone.sign(
                "/wallet.Device/Get", "{}", keyId, phone.nonce(keyId), edge.millis.get() / 1000, List.of(component));
    }

    private FakeCall sign(String keyId, String nonce, long created) throws Exception {
        return phone.sign("/wallet.Device/Get", "{}", keyId, nonce, created, List.of());
    }

    private void refusedSealed(String path, Reason reason) throws Exception {
        FakeCall.Reply reply = phone.sealed(path, "{}").send(edge.gateway);
        assertThat(reply.reason()).isEqualTo(reason.wireName());
        assertThat(phone.openAnswer(reply, phone.counter)).contains(reason.wireName());
    }

    private void refused(FakeCall call, Reason reason) throws Exception {
        FakeCall.Reply reply = call.send(edge.gateway);
        assertThat(reply.text()).contains("\"reason\": \"" + reason.wireName() + "\"");
        assertThat(reply.status()).isEqualTo(reason.httpStatus());
        assertThat(edge.refused).containsKey(reason);
    }
}
