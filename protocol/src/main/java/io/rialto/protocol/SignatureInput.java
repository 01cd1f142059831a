package io.rialto.protocol;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One signature's parameters, as {@code signature-input} has them: what it covers, when and by which key it was made.
 *
 * <p>Source: RFC 9421, sections 2 and 4.1. Of component parameters only {@code name} of {@code @query-param} is known;
 * a signature that covers a component in another way is refused, since it could not be checked.
 */
public final class SignatureInput {
    /** What to look for, and to write, where a message has several signatures. */
    public static final String LABEL = "rialto";

    /** Several times what Rialto covers. */
    static final int MAX_COMPONENTS = 64;

    /** A message has its sender's signature, and perhaps some of proxies. */
    static final int MAX_SIGNATURES = 8;

    private static final int MAX_PARAMETERS = 16;

    /** 32 bytes in Base64. */
    private static final int MAC_CHARS = 44;

    private final String label;
    private final CoveredList covered;
    private final CharSequence parameters;
    private final long created;
    private final long expires;
    private final @Nullable String nonce;
    private final @Nullable String keyId;
    private final @Nullable String algorithm;

    private SignatureInput(String label, CoveredList covered, String parameters, Parameters named) {
        this.label = label;
        this.covered = covered;
        this.parameters = parameters;
        this.created = named.created;
        this.expires = named.expires;
        this.nonce = named.nonce;
        this.keyId = named.keyId;
        this.algorithm = named.algorithm;
    }

    private SignatureInput(SignatureInput alike, CharSequence parameters, long created, String nonce) {
        this.label = alike.label;
        this.covered = alike.covered;
        this.parameters = parameters;
        this.created = created;
        this.expires = alike.expires;
        this.nonce = nonce;
        this.keyId = alike.keyId;
        this.algorithm = alike.algorithm;
    }

    /** What differs from this one in its time and nonce only, and so in its parameters. */
    SignatureInput alike(CharSequence otherParameters, long otherCreated, String otherNonce) {
        return new SignatureInput(this, otherParameters, otherCreated, otherNonce);
    }

    /**
     * Reads {@code signature-input}: the only signature in it, or the one with the preferred label.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME}
     */
    public static SignatureInput parse(String value, String preferredLabel) throws ProtocolException {
        StructuredText text = new StructuredText("signature-input", value);
        List<String> labels = new ArrayList<>(1);
        SignatureInput found = null;
        do {
            String label = label(text, labels);
            SignatureInput input = parseOne(label, text);
            if (found == null || label.equals(preferredLabel)) {
                found = input;
            }
        } while (text.nextMember());
        if (labels.size() > 1 && !found.label.equals(preferredLabel)) {
            throw text.malformed("one signature, or one labelled " + preferredLabel);
        }
        return found;
    }

    /**
     * The parameters of a signature to be made now.
     *
     * @param components names of fields in lower case, and derived ones such as {@code @method}
     * @param created in seconds since the epoch
     */
    public static SignatureInput of(
            List<String> components, long created, String nonce, String keyId, SignatureAlgorithm algorithm) {
        StringBuilder text = new StringBuilder(256).append('(');
        for (String component : components) {
            text.append(text.length() == 1 ? "" : " ");
            StructuredText.appendString(text, component);
        }
        text.append(");created=").append(created).append(";nonce=");
        StructuredText.appendString(text, nonce);
        text.append(";keyid=");
        StructuredText.appendString(text, keyId);
        text.append(";alg=\"").append(algorithm.wireName()).append('"');
        try {
            return parse(LABEL + "=" + text, LABEL);
        } catch (ProtocolException e) {
            throw new IllegalArgumentException("signature input " + text + ": " + e.getMessage(), e);
        }
    }

    private static SignatureInput parseOne(String label, StructuredText text) throws ProtocolException {
        CoveredList covered = CoveredList.parse(text);
        StringBuilder canonical = new StringBuilder(256).append(covered.canonical());
        Parameters parameters = new Parameters();
        parameters.parse(text, canonical);
        return new SignatureInput(label, covered, canonical.toString(), parameters);
    }

    /** The next member's label, with its equals sign. */
    private static String label(StructuredText text, List<String> before) throws ProtocolException {
        String label = text.key();
        if (before.contains(label) || before.size() == MAX_SIGNATURES) {
            throw text.malformed("each label once, at most " + MAX_SIGNATURES);
        }
        before.add(label);
        text.expect('=');
        return label;
    }

    /** What is covered, in its order: {@code content-type}, {@code @method}, {@code @query-param;name="..."}. */
    public List<String> components() {
        return covered.names();
    }

    public boolean covers(String component) {
        return covered.covers(component);
    }

    /** In seconds since the epoch; -1 where it is not said. */
    public long created() {
        return created;
    }

    /** When the signature ends by its maker's will, in seconds since the epoch; -1 where it is not said. */
    public long expires() {
        return expires;
    }

    public @Nullable String nonce() {
        return nonce;
    }

    public @Nullable String keyId() {
        return keyId;
    }

    public @Nullable String algorithm() {
        return algorithm;
    }

    public String label() {
        return label;
    }

    /** The value for {@code signature-input}. */
    public String header() {
        return label + "=" + parameters;
    }

    /** The value for {@code signature}. */
    public String signatureHeader(byte[] signature) {
        return label + "=:" + Base64.getEncoder().encodeToString(signature) + ":";
    }

    /**
     * This signature's bytes, of the field {@code signature}.
     *
     * @throws ProtocolException {@link Reason#MALFORMED_FRAME} where it is malformed or has none with this label
     */
    public byte[] signatureIn(CharSequence header) throws ProtocolException {
        byte[] only = onlySignatureIn(header);
        return only != null ? only : namedSignatureIn(header.toString());
    }

    /** What most messages have, which is one MAC as {@link #signatureHeader} writes it; or null. */
    private byte @Nullable [] onlySignatureIn(CharSequence header) {
        int from = label.length() + 2;
        int end = from + MAC_CHARS;
        if (header.length() != end + 1
                || header.charAt(from - 2) != '='
                || header.charAt(from - 1) != ':'
                || header.charAt(end - 1) != '='
                || header.charAt(end) != ':') {
            return null;
        }
        for (int i = 0; i < label.length(); i++) {
            if (header.charAt(i) != label.charAt(i)) {
                return null;
            }
        }
        try {
            return Base64.getDecoder().decode(bytes(header, from, end));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** What is no Latin-1 becomes a question mark, which is no Base64 either. */
    private static byte[] bytes(CharSequence text, int from, int to) {
        if (text instanceof ByteText) {
            ByteText bytes = (ByteText) text;
            return Arrays.copyOfRange(bytes.array, bytes.offset + from, bytes.offset + to);
        }
        return text.subSequence(from, to).toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private byte[] namedSignatureIn(String header) throws ProtocolException {
        StructuredText text = new StructuredText("signature", header);
        List<String> labels = new ArrayList<>(1);
        byte[] found = null;
        do {
            String key = label(text, labels);
            byte[] signature = text.byteSequence();
            if (key.equals(label)) {
                found = signature;
            }
        } while (text.nextMember());
        if (found == null) {
            throw text.malformed("a signature labelled " + label);
        }
        return found;
    }

    /** How {@link #header()} begins: up to the parameters behind the list. */
    String list() {
        return label + "=" + covered.canonical();
    }

    List<SignatureComponent> covered() {
        return covered.components();
    }

    /** {@code @signature-params} of the base: canonical, whatever the sender's spaces were. */
    CharSequence parameters() {
        return parameters;
    }

    /** The parameters after the list, while they are read. */
    private static final class Parameters {
        private long created = -1;
        private long expires = -1;
        private @Nullable String nonce;
        private @Nullable String keyId;
        private @Nullable String algorithm;

        private void parse(StructuredText text, StringBuilder canonical) throws ProtocolException {
            List<String> names = new ArrayList<>(MAX_PARAMETERS);
            while (text.take(';')) {
                text.skipSpaces();
                String name = text.key();
                if (names.contains(name) || names.size() == MAX_PARAMETERS) {
                    throw text.malformed("each parameter once, at most " + MAX_PARAMETERS);
                }
                names.add(name);
                canonical.append(';').append(name);
                if (text.take('=')) {
                    canonical.append('=');
                    value(name, text, canonical);
                } else if (isKnown(name)) {
                    throw text.malformed("a value of " + name);
                }
            }
        }

        private void value(String name, StructuredText text, StringBuilder canonical) throws ProtocolException {
            switch (name) {
                case "created":
                    created = time(text);
                    canonical.append(created);
                    break;
                case "expires":
                    expires = time(text);
                    canonical.append(expires);
                    break;
                case "nonce":
                    nonce = text.string();
                    StructuredText.appendString(canonical, nonce);
                    break;
                case "keyid":
                    keyId = text.string();
                    StructuredText.appendString(canonical, keyId);
                    break;
                case "alg":
                    algorithm = text.string();
                    StructuredText.appendString(canonical, algorithm);
                    break;
                default:
                    text.copyItem(canonical);
            }
        }

        private static boolean isKnown(String name) {
            return name.equals("created")
                    || name.equals("expires")
                    || name.equals("nonce")
                    || name.equals("keyid")
                    || name.equals("alg");
        }

        private static long time(StructuredText text) throws ProtocolException {
            long time = text.integer();
            if (time < 0) {
                throw text.malformed("a time since the epoch");
            }
            return time;
        }
    }
}
