package io.rialto.protocol;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;

/** The field {@code content-digest}. Source: RFC 9530. */
public final class ContentDigest {
    /** The registry has two that are not broken; others may be sent beside them. */
    private static final int MAX_DIGESTS = 8;

    private static final String SHA256_PREFIX = "sha-256=:";
    private static final ByteBuffer SHA256_START = ByteBuffer.wrap(Bytes.ascii(SHA256_PREFIX));
    private static final int SHA256_CHARS = SHA256_PREFIX.length() + 44 + 1;

    private final MessageDigest sha256 = Bytes.digest("SHA-256");

    /** What checks many bodies keeps its digest: one for each thread, used by that thread only. */
    public ContentDigest() {}

    /** The field's value for a body: its SHA-256. */
    public static String of(byte[] body) {
        return field(Bytes.sha256(body));
    }

    /**
     * The same as {@link #matches}, and quicker for a field as {@link #of} writes it.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME} where the field is malformed
     */
    public boolean verify(CharSequence header, byte[] body, int off, int len) throws ProtocolException {
        sha256.update(body, off, len);
        return isField(header, sha256.digest()) || matches(header.toString(), body, off, len);
    }

    /** Whether {@link #field} would write it so. */
    private static boolean isField(CharSequence header, byte[] digest) {
        if (header.length() != SHA256_CHARS) {
            return false;
        }
        if (!(header instanceof ByteText)) {
            return header.toString().equals(field(digest));
        }
        ByteText text = (ByteText) header;
        return text.charAt(SHA256_CHARS - 1) == ':'
                && text.hasAt(0, SHA256_START)
                && text.hasAt(
                        SHA256_PREFIX.length(),
                        ByteBuffer.wrap(Base64.getEncoder().encode(digest)));
    }

    private static String field(byte[] digest) {
        return SHA256_PREFIX + Base64.getEncoder().encodeToString(digest) + ":";
    }

    /**
     * Whether a body is what the field says: at least one of SHA-256 and SHA-512 is there, and what is there of them
     * matches. Other algorithms are passed over.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME} where the field is malformed
     */
    public static boolean matches(String header, byte[] body, int off, int len) throws ProtocolException {
        StructuredText text = new StructuredText("content-digest", header);
        Set<String> names = new HashSet<>();
        boolean known = false;
        boolean matches = true;
        do {
            String name = text.key();
            if (!names.add(name) || names.size() > MAX_DIGESTS) {
                throw text.malformed("each algorithm once, at most " + MAX_DIGESTS);
            }
            text.expect('=');
            byte[] expected = text.byteSequence();
            if (name.equals("sha-256") || name.equals("sha-512")) {
                known = true;
                MessageDigest digest = Bytes.digest(name.equals("sha-256") ? "SHA-256" : "SHA-512");
                digest.update(body, off, len);
                matches &= MessageDigest.isEqual(digest.digest(), expected);
            }
        } while (text.nextMember());
        return known && matches;
    }
}
