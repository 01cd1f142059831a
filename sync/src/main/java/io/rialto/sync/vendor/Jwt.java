package io.rialto.sync.vendor;

import io.rialto.node.Json;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateKey;
import java.util.Base64;
import tools.jackson.databind.node.ObjectNode;

/** JSON Web Tokens (RFC 7519) by which we say to vendors who we are. */
final class Jwt {
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

    private Jwt() {}

    /** A token signed by ECDSA on P-256. */
    static String es256(ECPrivateKey key, String keyId, ObjectNode claims) {
        return sign("ES256", "SHA256withECDSAinP1363Format", key, keyId, claims);
    }

    /** A token signed by RSASSA-PKCS1-v1_5 with SHA-256. */
    static String rs256(RSAPrivateKey key, String keyId, ObjectNode claims) {
        return sign("RS256", "SHA256withRSA", key, keyId, claims);
    }

    /**
     * Signs.
     *
     * @param keyId by which the vendor finds the public key; empty where the vendor needs none
     */
    private static String sign(String name, String algorithm, PrivateKey key, String keyId, ObjectNode claims) {
        ObjectNode header = Json.mapper().createObjectNode().put("alg", name).put("typ", "JWT");
        if (!keyId.isEmpty()) {
            header.put("kid", keyId);
        }
        String content = part(header) + "." + part(claims);
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(content.getBytes(StandardCharsets.US_ASCII));
            return content + "." + BASE64.encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(name + ", which every JDK has", e);
        }
    }

    private static String part(ObjectNode json) {
        return BASE64.encodeToString(Json.write(json).getBytes(StandardCharsets.UTF_8));
    }
}
