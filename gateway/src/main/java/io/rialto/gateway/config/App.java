package io.rialto.gateway.config;

import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An app whose devices and partners call.
 *
 * @param corsOrigins origins of web pages that may call, or {@code *}
 * @param ratePerSecond of all its calls on one node; 0 for no limit
 * @param provider issues the JWTs of its users, or null
 * @param partnerKeys by id
 * @param revokedDevices ids that are refused whatever they hold
 * @param pressureTests whether its devices and partners may mark calls as pressure tests
 */
public record App(
        String id,
        Set<String> corsOrigins,
        int ratePerSecond,
        @Nullable IdentityProvider provider,
        Map<String, PartnerKey> partnerKeys,
        Set<String> revokedDevices,
        boolean pressureTests) {
    public App {
        corsOrigins = Set.copyOf(corsOrigins);
        partnerKeys = Map.copyOf(partnerKeys);
        revokedDevices = Set.copyOf(revokedDevices);
    }

    /** An app with nothing but its name. */
    public static App named(String id) {
        return new App(id, Set.of(), 0, null, Map.of(), Set.of(), false);
    }

    static App read(Fields fields) {
        String id = fields.required("id");
        if (!id.matches("[a-z0-9-]{1,32}")) {
            fields.wrong("id", id, "1 to 32 of a-z, 0-9 and -");
        }
        Map<String, PartnerKey> keys = new LinkedHashMap<>();
        for (Fields key : fields.children("partner-keys")) {
            PartnerKey read = PartnerKey.read(key);
            if (keys.put(read.id(), read) != null) {
                key.wrong("id", read.id(), "each id once");
            }
        }
        App app = new App(
                id,
                new HashSet<>(fields.texts("cors-origins")),
                fields.integer("rate-per-second", 0, 0, OperationConfig.Rate.MAX),
                fields.has("identity-provider") ? IdentityProvider.read(fields.child("identity-provider")) : null,
                keys,
                new HashSet<>(fields.texts("revoked-devices")),
                fields.flag("pressure-tests", false));
        fields.end();
        return app;
    }

    static Map<String, App> readAll(List<Fields> all) {
        Map<String, App> apps = new LinkedHashMap<>();
        for (Fields fields : new ArrayList<>(all)) {
            App app = read(fields);
            if (apps.put(app.id(), app) != null) {
                fields.wrong("id", app.id(), "each app once");
            }
        }
        return apps;
    }

    /**
     * Who vouches for an app's users.
     *
     * @param jwks where its public keys are
     * @param userClaim the claim that is the user id
     */
    public record IdentityProvider(String issuer, String audience, URI jwks, String userClaim) {
        private static final URI ABSENT = URI.create("http://absent");

        static IdentityProvider read(Fields fields) {
            String text = fields.required("jwks");
            URI jwks = fields.parsed("jwks", text, URI::create);
            if (jwks == null || !isTrustworthy(jwks)) {
                fields.wrong("jwks", text, "an https URL; http only on this machine");
                jwks = ABSENT;
            }
            IdentityProvider provider = new IdentityProvider(
                    fields.required("issuer"), fields.required("audience"), jwks, fields.text("user-claim", "sub"));
            fields.end();
            return provider;
        }

        /** Whoever can change a key set on its way can be any user. */
        private static boolean isTrustworthy(URI url) {
            String host = url.getHost();
            if (host == null) {
                return false;
            }
            boolean local = host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.[0-9]{1,3}){3}");
            return "https".equals(url.getScheme()) || "http".equals(url.getScheme()) && local;
        }
    }

    /**
     * A partner's public key.
     *
     * @param algorithm {@code ed25519} (32 bytes) or {@code ecdsa-p256-sha256} (65 bytes, uncompressed point)
     */
    @SuppressWarnings("ArrayRecordComponent") // equals below compares the bytes
    public record PartnerKey(String id, String algorithm, byte[] key) {
        static PartnerKey read(Fields fields) {
            String algorithm = fields.text("algorithm", "ed25519");
            boolean ed25519 = algorithm.equals("ed25519");
            if (!ed25519 && !algorithm.equals("ecdsa-p256-sha256")) {
                fields.wrong("algorithm", algorithm, "ed25519 or ecdsa-p256-sha256");
            }
            int size = ed25519 ? 32 : 65;
            PartnerKey key = new PartnerKey(fields.required("id"), algorithm, fields.bytes("key", size, size));
            fields.end();
            return key;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof PartnerKey that
                    && id.equals(that.id)
                    && algorithm.equals(that.algorithm)
                    && Arrays.equals(key, that.key);
        }

        @Override
        public int hashCode() {
            return id.hashCode();
        }
    }
}
