package io.rialto.gateway.config;

import io.rialto.protocol.ServerKeyPair;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The section {@code keys}: secrets of the platform. Each list holds several keys with overlapping times, so that keys
 * rotate without a gap: the newest that has begun makes, every one that has not ended opens.
 */
public record Keys(
        List<Server> server,
        List<Token> credential,
        List<Token> session,
        List<Token> ticket,
        List<Caller> caller,
        List<Directory> directory) {
    /** A rotation needs two or three; more is a mistake. */
    static final int MAX_KEYS = 16;

    public Keys {
        server = List.copyOf(server);
        credential = List.copyOf(credential);
        session = List.copyOf(session);
        ticket = List.copyOf(ticket);
        caller = List.copyOf(caller);
        directory = List.copyOf(directory);
    }

    /**
     * When a key may be used, in whole seconds: some who ask know the time no better, and a key must have begun and ended
     * for all of them at once. A part of a second is counted in.
     */
    public record Term(Instant from, Instant until) {
        public static final Term ALWAYS = new Term(Instant.MIN, Instant.MAX);

        public Term {
            if (!from.isBefore(until)) {
                throw new IllegalArgumentException("from: " + from + " (expected: before until, " + until + ")");
            }
            from = from.truncatedTo(ChronoUnit.SECONDS);
            Instant whole = until.truncatedTo(ChronoUnit.SECONDS);
            // The end of all time has no second after it.
            until = whole.equals(until) || until.equals(Instant.MAX) ? until : whole.plusSeconds(1);
        }

        public boolean covers(Instant time) {
            return !time.isBefore(from) && time.isBefore(until);
        }

        private static Term read(Fields fields) {
            Instant from = fields.instant("from", Instant.MIN);
            Instant until = fields.instant("until", Instant.MAX);
            if (!from.isBefore(until)) {
                fields.wrong("from", from, "before until, " + until);
                return ALWAYS;
            }
            return new Term(from, until);
        }
    }

    /** Opens handshakes. */
    public record Server(ServerKeyPair pair, Term term) {}

    /** Encrypts the platform's own tokens, AES-256. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    public record Token(int id, byte[] key, Term term) {
        @Override
        public String toString() {
            return "Token[id=" + id + ", " + term + "]";
        }
    }

    /** Authenticates callers between servers, HMAC-SHA256. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nothing; a value class would only hide the bytes
    public record Caller(String id, byte[] key, Term term) {
        @Override
        public String toString() {
            return "Caller[id=" + id + ", " + term + "]";
        }
    }

    /** Signs what edges say about where cells are, Ed25519. There may be none: then they say nothing. */
    public record Directory(String id, PrivateKey key, Term term) {
        /** What precedes a private key's 32 bytes in PKCS #8, and a public one's in X.509 (RFC 8410). */
        private static final byte[] PKCS8 = HexFormat.of().parseHex("302e020100300506032b657004220420");

        private static final byte[] X509 = HexFormat.of().parseHex("302a300506032b6570032100");
        private static final byte[] PROBE = {1};

        static Directory of(String id, byte[] privateKey, byte[] publicKey, Term term) {
            try {
                KeyFactory factory = KeyFactory.getInstance("Ed25519");
                PrivateKey key = factory.generatePrivate(new PKCS8EncodedKeySpec(joined(PKCS8, privateKey)));
                Signature signature = Signature.getInstance("Ed25519");
                signature.initSign(key);
                signature.update(PROBE);
                byte[] signed = signature.sign();
                signature.initVerify(factory.generatePublic(new X509EncodedKeySpec(joined(X509, publicKey))));
                signature.update(PROBE);
                if (signature.verify(signed)) {
                    return new Directory(id, key, term);
                }
            } catch (GeneralSecurityException e) {
                // told below, without a word of the key
            }
            throw new IllegalArgumentException("keys that do not belong together");
        }

        private static byte[] joined(byte[] prefix, byte[] key) {
            byte[] all = Arrays.copyOf(prefix, prefix.length + key.length);
            System.arraycopy(key, 0, all, prefix.length, key.length);
            return all;
        }

        /** Without the key. */
        @Override
        public String toString() {
            return "Directory[id=" + id + ", " + term + "]";
        }
    }

    /**
     * Reads the section.
     *
     * @throws ConfigException that names everything wrong with it, and no secret
     */
    public static Keys parse(JsonNode json) throws ConfigException {
        List<String> errors = new ArrayList<>();
        Fields fields = new Fields("", json, errors);
        List<Server> server = new ArrayList<>();
        for (Fields key : bounded(fields, "server")) {
            Server read = server(key);
            if (read != null) {
                server.add(read);
            }
        }
        List<Caller> caller = new ArrayList<>();
        for (Fields key : bounded(fields, "caller")) {
            caller.add(caller(key));
        }
        List<Directory> directory = new ArrayList<>();
        for (Fields key : fields.children("directory")) {
            Directory read = directory(key);
            if (read != null) {
                directory.add(read);
            }
        }
        if (directory.size() > MAX_KEYS) {
            fields.wrong("directory", directory.size() + " keys", "0.." + MAX_KEYS);
        }
        Keys keys = new Keys(
                server,
                tokens(fields, "credential"),
                tokens(fields, "session"),
                tokens(fields, "ticket"),
                caller,
                directory);
        unique(fields, "caller", caller.stream().map(Caller::id).toList());
        unique(fields, "directory", directory.stream().map(Directory::id).toList());
        fields.end();
        if (!errors.isEmpty()) {
            throw new ConfigException("keys", errors);
        }
        return keys;
    }

    /**
     * All that is wrong with a section, for whoever must not accept a bad one; empty where it can be served at this time.
     * Names no secret.
     */
    public static List<String> errors(JsonNode json, Instant now) {
        Keys keys;
        try {
            keys = parse(json);
        } catch (ConfigException wrong) {
            return wrong.errors().stream().map(error -> "keys." + error).toList();
        }
        List<String> errors = new ArrayList<>();
        requireOne(errors, "server", keys.server.stream().map(Server::term), now);
        requireOne(errors, "credential", keys.credential.stream().map(Token::term), now);
        requireOne(errors, "session", keys.session.stream().map(Token::term), now);
        requireOne(errors, "ticket", keys.ticket.stream().map(Token::term), now);
        requireOne(errors, "caller", keys.caller.stream().map(Caller::term), now);
        return errors;
    }

    private static void requireOne(List<String> errors, String list, Stream<Term> terms, Instant now) {
        if (terms.noneMatch(term -> term.covers(now))) {
            errors.add("keys." + list + ": none is valid at " + now + " (expected: one that has begun and not ended)");
        }
    }

    private static List<Fields> bounded(Fields fields, String list) {
        List<Fields> all = fields.children(list);
        if (all.isEmpty() || all.size() > MAX_KEYS) {
            fields.wrong(list, all.size() + " keys", "1.." + MAX_KEYS);
        }
        return all;
    }

    private static @Nullable Server server(Fields fields) {
        int suite = fields.integer("suite", 1, 1, 2);
        byte[] privateKey = fields.bytes("private", 32, 32);
        byte[] publicKey = fields.bytes("public", 32, 2048);
        Term term = Term.read(fields);
        fields.end();
        ServerKeyPair pair = fields.parsed("public", "", text -> ServerKeyPair.of(suite, privateKey, publicKey));
        return pair == null ? null : new Server(pair, term);
    }

    private static List<Token> tokens(Fields parent, String list) {
        List<Token> all = new ArrayList<>();
        for (Fields fields : bounded(parent, list)) {
            all.add(new Token(fields.integer("id", 1, 0, 255), fields.bytes("key", 32, 32), Term.read(fields)));
            fields.end();
        }
        unique(parent, list, all.stream().map(Token::id).toList());
        return all;
    }

    private static @Nullable Directory directory(Fields fields) {
        String id = id(fields);
        byte[] privateKey = fields.bytes("private", 32, 32);
        byte[] publicKey = fields.bytes("public", 32, 32);
        Term term = Term.read(fields);
        fields.end();
        return fields.parsed("public", "", text -> Directory.of(id, privateKey, publicKey, term));
    }

    private static String id(Fields fields) {
        String id = fields.required("id");
        if (!id.matches("[a-z0-9-]{1,16}")) {
            fields.wrong("id", id, "1 to 16 of a-z, 0-9 and -");
        }
        return id;
    }

    private static Caller caller(Fields fields) {
        String id = id(fields);
        Caller key = new Caller(id, fields.bytes("key", 32, 64), Term.read(fields));
        fields.end();
        return key;
    }

    private static void unique(Fields fields, String list, List<?> ids) {
        Set<Object> seen = new HashSet<>();
        for (Object id : ids) {
            if (!seen.add(id)) {
                fields.wrong(list, "id " + id + " twice", "each id once");
            }
        }
    }
}
