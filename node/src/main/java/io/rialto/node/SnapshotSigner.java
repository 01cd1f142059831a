package io.rialto.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/** Signs snapshots with control's Ed25519 key (RFC 8032), which is kept in a file that only its owner reads. */
public final class SnapshotSigner {
    private final PrivateKey privateKey;
    private final String publicKey;

    private SnapshotSigner(PrivateKey privateKey, PublicKey publicKey) {
        this.privateKey = privateKey;
        this.publicKey = SnapshotEnvelope.encodeKey(publicKey);
    }

    /** A signer with a new key that is kept nowhere. */
    public static SnapshotSigner generate(SecureRandom random) {
        KeyPair pair = pair(random);
        return new SnapshotSigner(pair.getPrivate(), pair.getPublic());
    }

    /** The signer whose key is in the file; where there is no such file, a new key is made and put there. */
    public static SnapshotSigner readOrCreate(Path file, SecureRandom random) throws IOException {
        if (!Files.exists(file)) {
            KeyPair pair = pair(random);
            Base64.Encoder base64 = Base64.getEncoder();
            String text = base64.encodeToString(pair.getPrivate().getEncoded()) + "\n"
                    + base64.encodeToString(pair.getPublic().getEncoded()) + "\n";
            DurableFiles.createOnce(file, text.getBytes(StandardCharsets.UTF_8));
        }
        String[] lines = Secrets.read(file).split("\n", -1);
        try {
            if (lines.length == 2) {
                KeyFactory factory = KeyFactory.getInstance("Ed25519");
                Base64.Decoder base64 = Base64.getDecoder();
                PrivateKey privateKey = factory.generatePrivate(new PKCS8EncodedKeySpec(base64.decode(lines[0])));
                PublicKey publicKey = factory.generatePublic(new X509EncodedKeySpec(base64.decode(lines[1])));
                if (privateKey instanceof EdECPrivateKey) {
                    return checked(new SnapshotSigner(privateKey, publicKey), file);
                }
            }
        } catch (IllegalArgumentException | InvalidKeySpecException e) {
            // told below, without a word of the content
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is not to be had", e);
        }
        throw new IOException(
                file + ": no signing key (expected: two lines of base64, private and public Ed25519 key)");
    }

    private static SnapshotSigner checked(SnapshotSigner signer, Path file) throws IOException {
        byte[] probe = {1};
        try {
            if (SnapshotEnvelope.verifies(
                    SnapshotEnvelope.decodeKey(signer.publicKey), probe, signer.signature(probe))) {
                return signer;
            }
        } catch (IllegalArgumentException e) {
            // told below
        }
        throw new IOException(file + ": private and public key do not belong together");
    }

    private static KeyPair pair(SecureRandom random) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
            generator.initialize(NamedParameterSpec.ED25519, random);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is not to be had", e);
        }
    }

    /** The public key, 32 bytes in base64url, as nodes are told it. */
    public String publicKey() {
        return publicKey;
    }

    /** The envelope with this snapshot, as it is stored and sent. */
    public byte[] sign(Snapshot snapshot) {
        byte[] content = snapshot.encoded();
        return SnapshotEnvelope.write(content, signature(SnapshotEnvelope.signed(content)));
    }

    private byte[] signature(byte[] message) {
        try {
            Signature signature = Signature.getInstance("Ed25519");
            signature.initSign(privateKey);
            signature.update(message);
            return signature.sign();
        } catch (InvalidKeyException e) {
            throw new IllegalArgumentException("signing key: not usable", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is not to be had", e);
        }
    }
}
