package io.rialto.sync.vendor;

import io.rialto.node.LogThrottle;
import io.rialto.node.Secrets;
import io.rialto.sync.PushAccounts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What wakes the devices of each app, made from its accounts and the keys in a directory of the node:
 * {@code wallet.apns.p8}, {@code wallet.fcm.json}, {@code wallet.webpush.pem} for the app {@code wallet}. A key is read
 * when its account is used first or has changed; one that cannot be read is tried again after a while.
 */
public final class Vendors implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Vendors.class);
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration AGAIN = Duration.ofMinutes(1);

    private final Path keys;
    private final HttpClient client;
    private final PushHttp http;
    private final InstantSource clock;
    private final SecureRandom random;
    private final LogThrottle log;
    /** By app and vendor; guarded by this. */
    private final Map<String, Made> made = new HashMap<>();

    /**
     * What was made of an account.
     *
     * @param push null where its key could not be read
     */
    private record Made(Object account, @Nullable VendorPush push, Instant at) {}

    /**
     * Vendors, with the keys of a directory.
     *
     * @param client that trusts what the vendors' servers show; closed with this
     */
    public Vendors(Path keys, HttpClient client, InstantSource clock, SecureRandom random) {
        this.keys = keys;
        this.client = client;
        this.http = new PushHttp(client, PushHttp.TIMEOUT);
        this.clock = clock;
        this.random = random;
        this.log = new LogThrottle(LOG, AGAIN, clock);
    }

    /** Vendors out in the world, with the keys of a directory. */
    public static Vendors open(Path keys, InstantSource clock, SecureRandom random) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_2)
                .connectTimeout(CONNECT)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        return new Vendors(keys, client, clock, random);
    }

    /** What wakes devices of a vendor for an app; null where there is no account, or no key for it. */
    synchronized @Nullable VendorPush of(PushAccounts accounts, String vendor) {
        Object account = switch (vendor) {
            case PushAccounts.APNS -> accounts.apns();
            case PushAccounts.FCM -> accounts.fcm();
            case PushAccounts.WEB_PUSH -> accounts.webPush();
            default -> null;
        };
        if (account == null) {
            return null;
        }
        String name = accounts.app() + "." + vendor;
        Made known = made.get(name);
        Instant now = clock.instant();
        boolean usable = known != null
                && known.account().equals(account)
                && (known.push() != null || now.isBefore(known.at().plus(AGAIN)));
        if (!usable) {
            known = new Made(account, make(name, account), now);
            made.put(name, known);
        }
        return known == null ? null : known.push();
    }

    private @Nullable VendorPush make(String name, Object account) {
        try {
            return switch (account) {
                case PushAccounts.Apns apns -> new Apns(apns, Keys.ec(key(name, "p8")), http, clock);
                case PushAccounts.Fcm fcm -> new Fcm(fcm, Fcm.ServiceAccount.parse(key(name, "json")), http, clock);
                case PushAccounts.WebPush web ->
                    new WebPush(
                            web,
                            Keys.ec(key(name, "pem")),
                            new PublicHosts(web.hosts(), InetAddress::getAllByName),
                            http,
                            clock,
                            random);
                default -> throw new IllegalArgumentException("account: " + account);
            };
        } catch (IOException | GeneralSecurityException e) {
            log.warn("devices of {} are not woken: key: {}", name, e.toString());
            return null;
        }
    }

    private String key(String name, String ending) throws IOException {
        return Secrets.read(keys.resolve(name + "." + ending));
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
