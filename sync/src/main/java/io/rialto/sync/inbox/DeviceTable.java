package io.rialto.sync.inbox;

import io.rialto.sync.DeviceState;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What devices said of themselves. */
final class DeviceTable {
    /** Devices of one user that are looked at; more are older ones. */
    private static final int MAX_DEVICES = 64;

    private static final String SEEN = """
            INSERT INTO inbox.device (shard, uid, device, app, version, locale, platform, push_vendor, push_token, time_zone, seen)
            SELECT g.*, clock_timestamp()
            FROM unnest(?::int[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::text[], ?::text[], ?::text[], ?::text[],
                        ?::text[]) AS g
            ON CONFLICT (uid, device, shard) DO UPDATE
            SET app = excluded.app, version = excluded.version, locale = excluded.locale, platform = excluded.platform,
                push_vendor = excluded.push_vendor, push_token = excluded.push_token, time_zone = excluded.time_zone,
                seen = excluded.seen""";

    /** A phone that another user has logged in on since wakes for that one only. */
    private static final String OF_USER = """
            SELECT shard, uid, device, app, version, locale, platform, push_vendor,
                   CASE WHEN d.push_token <> '' AND EXISTS (
                            SELECT FROM inbox.device n
                            WHERE n.push_token = d.push_token AND n.push_token <> '' AND n.push_vendor = d.push_vendor
                                  AND n.seen > d.seen)
                        THEN '' ELSE push_token END,
                   time_zone, seen
            FROM inbox.device d WHERE uid = ? ORDER BY seen DESC LIMIT ?""";

    private static final String UNREGISTER = """
            UPDATE inbox.device SET push_token = ''
            WHERE push_token = ? AND push_token <> '' AND push_vendor = ? AND shard = ANY (?)""";

    private static final String SHARDS_OF_TOKEN = """
            SELECT DISTINCT shard FROM inbox.device WHERE push_token = ? AND push_token <> '' AND push_vendor = ?""";

    private final Tables tables;

    DeviceTable(Tables tables) {
        this.tables = tables;
    }

    void seen(List<DeviceState> devices) {
        // In the order of keys, so that nodes do not wait for each other in a circle; of one device the last word
        // counts.
        Map<String, DeviceState> ordered = new TreeMap<>();
        devices.forEach(device -> ordered.put(device.user() + '\n' + device.device(), device));
        List<DeviceState> all = List.copyOf(ordered.values());
        for (int from = 0; from < all.size(); from += Tables.MAX_ROWS) {
            List<DeviceState> part = all.subList(from, Math.min(all.size(), from + Tables.MAX_ROWS));
            tables.write(connection -> {
                seen(connection, part);
                return true;
            });
        }
    }

    private static void seen(Connection connection, List<DeviceState> part) throws SQLException {
        Map<Integer, Long> open = OpenShards.hold(
                connection, part.stream().map(DeviceState::shard).collect(Collectors.toSet()));
        List<DeviceState> here =
                part.stream().filter(device -> open.containsKey(device.shard())).toList();
        try (PreparedStatement statement = connection.prepareStatement(SEEN)) {
            int n = 1;
            statement.setArray(n++, Tables.column(connection, "int4", here, DeviceState::shard));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::user));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::device));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::app));
            statement.setArray(n++, Tables.column(connection, "int8", here, DeviceState::version));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::locale));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::platform));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::pushVendor));
            statement.setArray(n++, Tables.column(connection, "text", here, DeviceState::pushToken));
            statement.setArray(n, Tables.column(connection, "text", here, DeviceState::timeZone));
            statement.executeUpdate();
        }
    }

    List<DeviceState> devicesOf(String user) {
        return tables.read(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(OF_USER)) {
                statement.setString(1, user);
                statement.setInt(2, MAX_DEVICES);
                List<DeviceState> devices = new ArrayList<>();
                try (ResultSet row = statement.executeQuery()) {
                    while (row.next()) {
                        devices.add(new DeviceState(
                                row.getInt(1),
                                row.getString(2),
                                row.getString(3),
                                row.getString(4),
                                row.getLong(5),
                                row.getString(6),
                                row.getString(7),
                                row.getString(8),
                                row.getString(9),
                                row.getString(10),
                                row.getTimestamp(11).toInstant()));
                    }
                }
                return devices;
            }
        });
    }

    void unregister(String vendor, String token) {
        tables.write(connection -> {
            List<Integer> shards = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(SHARDS_OF_TOKEN)) {
                statement.setString(1, token);
                statement.setString(2, vendor);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        shards.add(rows.getInt(1));
                    }
                }
            }
            Object[] open = OpenShards.hold(connection, shards).keySet().toArray();
            try (PreparedStatement statement = connection.prepareStatement(UNREGISTER)) {
                statement.setString(1, token);
                statement.setString(2, vendor);
                statement.setArray(3, connection.createArrayOf("int4", open));
                return statement.executeUpdate();
            }
        });
    }
}
