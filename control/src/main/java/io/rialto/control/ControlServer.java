package io.rialto.control;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.rialto.node.Json;
import io.rialto.node.JsonException;
import io.rialto.node.Secrets;
import java.io.IOException;
import java.io.InputStream;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Control's HTTP API: snapshots for nodes, sections for administrators. Every request has a virtual thread, also one that
 * waits; how many may wait is bounded.
 */
public final class ControlServer implements AutoCloseable {
    /** The longest that a node may wait; below the idle limit of connections. */
    static final Duration MAX_WAIT = Duration.ofSeconds(25);

    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);
    private static final Pattern WAIT = Pattern.compile("(\\d{1,5})(ms|s)");
    private static final Duration IDLE = MAX_WAIT.plusSeconds(15);
    private static final int HISTORY = 100;
    private static final int MAX_HISTORY = 1000;

    /** Who may do what. */
    record Tokens(String admin, String node) {
        /** Without the tokens. */
        @Override
        public String toString() {
            return "tokens";
        }
    }

    private final ControlStore store;
    private final InstantSource clock;
    private final SeenNodes seen = new SeenNodes();
    private final Tokens tokens;
    private final Semaphore waiting;
    private final long maxBody;
    private final Javalin javalin;

    private ControlServer(ControlStore store, Tokens tokens, ControlSettings settings) {
        this.store = store;
        this.clock = store.clock();
        this.tokens = tokens;
        this.waiting = new Semaphore(settings.maxWaiting());
        this.maxBody = settings.maxBody().bytes();
        this.javalin = Javalin.create(config -> configure(config, settings));
    }

    /** Starts to listen; the tokens are read from their files, or made. */
    public static ControlServer start(ControlStore store, ControlSettings settings, SecureRandom random)
            throws IOException {
        Tokens tokens = new Tokens(
                Secrets.readOrCreate(settings.adminTokenFile(), random),
                Secrets.readOrCreate(settings.nodeTokenFile(), random));
        ControlServer server = new ControlServer(store, tokens, settings);
        server.javalin.start();
        LOG.info("control listens on {}:{}", settings.host(), server.port());
        return server;
    }

    private void configure(JavalinConfig config, ControlSettings settings) {
        config.concurrency.useVirtualThreads = true;
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.http.maxRequestSize = maxBody;
        config.http.asyncTimeout = IDLE.toMillis();
        config.jetty.host = settings.host();
        config.jetty.port = settings.port();
        config.jetty.modifyHttpConfiguration(http -> {
            http.setIdleTimeout(IDLE.toMillis());
            http.setSendServerVersion(false);
        });
        config.routes
                .get("/health", this::health)
                .get("/v1/snapshot", context -> as(context, false, () -> snapshot(context)))
                .get("/v1/sections/{name}", context -> as(context, true, () -> section(context)))
                .put("/v1/sections/{name}", context -> as(context, true, () -> putSection(context)))
                .put("/v1/sections", context -> as(context, true, () -> putSections(context)))
                .get("/v1/stage", context -> as(context, true, () -> stage(context)))
                .post("/v1/stage/promote", context -> as(context, true, () -> endStage(context, true)))
                .post("/v1/stage/back", context -> as(context, true, () -> endStage(context, false)))
                .get("/v1/nodes", context -> as(context, true, () -> nodes(context)))
                .get("/v1/history", context -> as(context, true, () -> history(context)))
                .exception(SQLException.class, (e, context) -> {
                    LOG.warn("{} {}: control database failed", context.method(), context.path(), e);
                    refuse(context, 503, "the control database does not answer; try again");
                })
                .exception(Exception.class, (e, context) -> {
                    if (e instanceof HttpResponseException refused) {
                        refuse(context, refused.getStatus(), String.valueOf(refused.getMessage()));
                        return;
                    }
                    LOG.error("{} {} failed", context.method(), context.path(), e);
                    refuse(context, 500, "failed; control's log says why");
                });
    }

    private interface Action {
        void run() throws Exception;
    }

    private void as(Context context, boolean admin, Action action) throws Exception {
        String header = context.header("authorization");
        String given = header != null && header.startsWith("Bearer ") ? header.substring("Bearer ".length()) : "";
        boolean isAdmin = Secrets.same(tokens.admin(), given);
        boolean isNode = Secrets.same(tokens.node(), given);
        if (isAdmin || isNode && !admin) {
            action.run();
            return;
        }
        context.header("www-authenticate", "Bearer");
        refuse(
                context,
                isNode ? 403 : 401,
                admin ? "the admin token is needed, as a bearer token" : "a node's token is needed, as a bearer token");
    }

    private void health(Context context) {
        ObjectNode body = Json.mapper().createObjectNode();
        body.put("version", store.version());
        store.lastError().ifPresent(error -> body.put("error", error));
        answer(context, store.lastError().isPresent() ? 503 : 200, body);
    }

    private void snapshot(Context context) throws InterruptedException {
        long after;
        long waitMillis;
        try {
            after = Long.parseLong(parameter(context, "after", "0"));
            waitMillis = wait(parameter(context, "wait", "0s"));
        } catch (IllegalArgumentException e) {
            refuse(context, 400, "after or wait: " + e.getMessage() + " (expected: a version; a time such as 20s)");
            return;
        }
        String node = node(context, after);
        ControlStore.Current current = store.current(node);
        if (current.version() <= after && waitMillis > 0) {
            if (!waiting.tryAcquire()) {
                context.header("retry-after", "1");
                refuse(context, 503, "too many nodes wait; try again");
                return;
            }
            try {
                current = store.await(node, after, waitMillis);
            } finally {
                waiting.release();
            }
        }
        context.header("rialto-snapshot-version", Long.toString(current.version()));
        if (current.version() <= after || current.version() == 0) {
            context.status(204);
            return;
        }
        context.contentType("application/octet-stream").result(current.envelope());
    }

    /** Who asks, and notes what it serves; empty where it does not say. */
    private String node(Context context, long after) {
        String node = context.header("rialto-node");
        if (node == null || !Change.Stage.isNode(node)) {
            return "";
        }
        String serves = context.header("rialto-serves");
        boolean said = serves != null && serves.matches("\\d{1,18}");
        seen.saw(node, said ? Long.parseLong(serves) : after, clock.instant());
        return node;
    }

    private static String parameter(Context context, String name, String standard) {
        String value = context.queryParam(name);
        return value == null ? standard : value;
    }

    private static long wait(String text) {
        Matcher matcher = WAIT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text);
        }
        TimeUnit unit = matcher.group(2).equals("s") ? TimeUnit.SECONDS : TimeUnit.MILLISECONDS;
        return Math.min(unit.toMillis(Long.parseLong(matcher.group(1))), MAX_WAIT.toMillis());
    }

    private void section(Context context) throws SQLException {
        ControlStore.Current current = store.current();
        String name = context.pathParam("name");
        String version = context.queryParam("version");
        JsonNode section = current.sections().get(name);
        if (version != null) {
            section = version.matches("\\d{1,18}")
                    ? store.version(Long.parseLong(version))
                            .flatMap(old -> old.section(name))
                            .orElse(null)
                    : null;
        }
        // Also where there is none yet: a first one is based on that version.
        context.header("etag", "\"" + (version == null ? current.version() : version) + "\"");
        if (section == null) {
            refuse(context, 404, "no such section (there may be " + store.sectionNames() + "), or not of that version");
            return;
        }
        answer(context, 200, section);
    }

    private void putSection(Context context) throws Exception {
        String name = context.pathParam("name");
        put(context, body -> Map.of(name, body));
    }

    private void putSections(Context context) throws Exception {
        put(context, body -> {
            Map<String, JsonNode> sections = new TreeMap<>();
            body.properties().forEach(entry -> sections.put(entry.getKey(), entry.getValue()));
            return sections;
        });
    }

    /** Makes a change; with {@code check} only says whether it could be made, with {@code stage} for those nodes only. */
    private void put(Context context, Function<JsonNode, Map<String, JsonNode>> sections) throws Exception {
        Long version = version(context);
        JsonNode body = version == null ? null : body(context);
        if (version == null || body == null) {
            return;
        }
        Change change = new Change(sections.apply(body), version, why(context));
        String stage = context.queryParam("stage");
        if ("true".equals(context.queryParam("check"))) {
            List<String> errors = store.check(change);
            answer(context, errors.isEmpty() ? new PutResult.Accepted(store.version()) : new PutResult.Invalid(errors));
            return;
        }
        answer(
                context,
                store.put(
                        change,
                        Optional.ofNullable(stage)
                                .map(nodes ->
                                        new Change.Stage(List.of(nodes.split(",", Change.Stage.MAX_NODES + 2))))));
    }

    private static Change.Why why(Context context) {
        String author = context.header("rialto-author");
        String reason = context.header("rialto-reason");
        return new Change.Why(author == null ? "admin" : author, reason == null ? "" : reason);
    }

    private @Nullable Long version(Context context) {
        String match = context.header("if-match");
        if (match == null || !match.matches("\"?\\d{1,18}\"?")) {
            refuse(context, 428, "if-match: " + match + " (expected: the version that the change is based on)");
            return null;
        }
        return Long.parseLong(match.replace("\"", ""));
    }

    private @Nullable JsonNode body(Context context) throws IOException {
        byte[] bytes;
        try (InputStream in = context.bodyInputStream()) {
            bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, maxBody + 1));
        }
        if (bytes.length > maxBody) {
            refuse(context, 413, "body: above " + maxBody + " bytes (expected: at most that)");
            return null;
        }
        try {
            return Json.read(bytes);
        } catch (JsonException e) {
            refuse(context, 400, "body: " + e.getMessage());
            return null;
        }
    }

    private void stage(Context context) {
        Optional<ControlStore.Staged> staged = store.staged();
        if (staged.isEmpty()) {
            refuse(context, 404, "no version is staged");
            return;
        }
        ObjectNode body = Json.mapper()
                .createObjectNode()
                .put("version", staged.get().snapshot().version());
        staged.get().nodes().forEach(body.putArray("nodes")::add);
        answer(context, 200, body);
    }

    private void endStage(Context context, boolean promote) throws SQLException {
        Long version = version(context);
        if (version != null) {
            answer(context, promote ? store.promote(version, why(context)) : store.takeBack(version, why(context)));
        }
    }

    private void nodes(Context context) {
        ArrayNode nodes = Json.mapper().createArrayNode();
        for (SeenNodes.Seen node : seen.all()) {
            nodes.addObject()
                    .put("node", node.node())
                    .put("serves", node.serves())
                    .put("seen", node.at().toString());
        }
        answer(context, 200, nodes);
    }

    private void answer(Context context, PutResult result) {
        ObjectNode body = Json.mapper().createObjectNode();
        switch (result) {
            case PutResult.Accepted accepted -> {
                context.header("etag", "\"" + accepted.version() + "\"");
                answer(context, 200, body.put("version", accepted.version()));
            }
            case PutResult.Conflict conflict -> {
                body.put("version", conflict.version());
                body.putArray("errors")
                        .add("if-match: the configuration is at version " + conflict.version()
                                + " (expected: that one; read it, change it again)");
                answer(context, 409, body);
            }
            case PutResult.Invalid invalid -> {
                ArrayNode errors = body.putArray("errors");
                invalid.errors().forEach(errors::add);
                answer(context, 422, body);
            }
        }
    }

    private void history(Context context) throws SQLException {
        int limit;
        try {
            limit = Math.clamp(
                    Integer.parseInt(parameter(context, "limit", Integer.toString(HISTORY))), 1, MAX_HISTORY);
        } catch (NumberFormatException e) {
            refuse(context, 400, "limit: expected 1.." + MAX_HISTORY);
            return;
        }
        ArrayNode entries = Json.mapper().createArrayNode();
        for (SnapshotEntry entry : store.history(limit)) {
            ObjectNode node = entries.addObject();
            node.put("version", entry.version());
            node.put("issued", entry.issued().toString());
            node.put("author", entry.author());
            node.put("reason", entry.reason());
            ArrayNode sections = node.putArray("sections");
            entry.sections().forEach(sections::add);
            entry.nodes().forEach(node.putArray("nodes")::add);
        }
        answer(context, 200, entries);
    }

    private static void refuse(Context context, int status, String message) {
        ObjectNode body = Json.mapper().createObjectNode();
        body.putArray("errors").add(message);
        answer(context, status, body);
    }

    private static void answer(Context context, int status, JsonNode body) {
        context.status(status);
        if (!context.method().equals(HandlerType.HEAD)) {
            context.contentType("application/json").result(Json.write(body));
        }
    }

    /** The port that it listens on. */
    public int port() {
        return javalin.port();
    }

    /** Stops listening; does not close the store. */
    @Override
    public void close() {
        javalin.stop();
    }
}
