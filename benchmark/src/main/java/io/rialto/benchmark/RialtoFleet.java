package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import io.rialto.gateway.config.ConfigException;
import io.rialto.gateway.config.Keys;
import io.rialto.gateway.identity.Tokens;
import io.rialto.node.Json;
import io.rialto.protocol.Seal;
import io.rialto.protocol.SessionKeys;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

/**
 * Devices of Rialto, each with a sealed stream of its own over TLS. Their tickets are made with the platform's own key, as
 * what a handshake costs is measured elsewhere; a device that comes back has its ticket still.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class RialtoFleet extends DeviceFleet {
    private static final Duration TICKET = Duration.ofHours(1);
    private static final int SESSION_BYTES = 96;

    /** A cipher takes in another key at some cost: room for some of those that come together. */
    private static final int CIPHERS = 256;

    private final int port;
    private final Sender sender;
    private final RialtoDevice[] devices;

    RialtoFleet(String from, int firstUser, int count, String[] system) throws IOException, InterruptedException {
        super(from, firstUser, count, Http2LoadConnection.tls());
        this.port = Integer.parseInt(system[1]);
        Path keys = Path.of(system[4]);
        this.sender = RialtoSender.connect(Integer.parseInt(system[2]), RialtoCell.callers(keys));
        String edge = edge(Integer.parseInt(system[3]));
        Map<EventExecutor, Seal> seals = new HashMap<>();
        loops.forEach(loop -> seals.put(loop, new Seal(CIPHERS)));
        SecureRandom random = new SecureRandom();
        Tokens tokens = tokens(keys, random);
        this.devices = new RialtoDevice[count];
        Instant now = Instant.now();
        for (int device = 0; device < count; device++) {
            byte[] secrets = new byte[SESSION_BYTES];
            random.nextBytes(secrets);
            SessionKeys session = SessionKeys.of(secrets);
            String user = RialtoCell.user(firstUser + device);
            String ticket = tokens.mint(
                    new Tokens.Ticket(
                            RialtoCell.APP,
                            "device-" + user,
                            user,
                            now.plus(TICKET).getEpochSecond(),
                            session),
                    now);
            devices[device] = new RialtoDevice(this, device, edge, ticket, session, seals);
        }
    }

    private static Tokens tokens(Path keys, SecureRandom random) throws IOException {
        try {
            return new Tokens(Keys.parse(Json.mapper().readTree(Files.readString(keys))), random);
        } catch (ConfigException e) {
            throw new IOException(keys + ": not read", e);
        }
    }

    private static String edge(int port) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/rialto/edge"))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return Json.mapper().readTree(answer.body()).get("edge").asString();
        }
    }

    @Override
    Sender sender() {
        return sender;
    }

    @Override
    void connect(int device) {
        RialtoDevice one = devices[device];
        new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                // A cut leaves nothing waiting for its end on this machine.
                .option(ChannelOption.SO_LINGER, 0)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 60_000)
                .localAddress(new InetSocketAddress(from, 0))
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel fresh) {
                        fresh.pipeline().addLast(tls.newHandler(fresh.alloc()));
                        one.take(fresh);
                    }
                })
                .connect("127.0.0.1", port)
                .addListener(connected -> {
                    if (connected.isSuccess()) {
                        one.open();
                    } else {
                        lost(device, String.valueOf(connected.cause()));
                    }
                });
    }

    @Override
    void cut(int device) {
        devices[device].cut();
    }
}
