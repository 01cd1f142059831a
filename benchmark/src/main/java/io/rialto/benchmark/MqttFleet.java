package io.rialto.benchmark;

import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Devices with persistent sessions of MQTT over TLS. */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class MqttFleet extends DeviceFleet {
    private static final int CONNECTIONS = 2;

    private final int port;
    private final Sender sender;
    private final AtomicReferenceArray<@Nullable MqttConnection> connections;

    MqttFleet(String from, int firstUser, int count, String[] system) throws IOException, InterruptedException {
        super(
                from,
                firstUser,
                count,
                SslContextBuilder.forClient()
                        .trustManager(InsecureTrustManagerFactory.INSTANCE)
                        .build());
        this.port = Integer.parseInt(system[1]);
        this.sender = MqttSender.connect(Integer.parseInt(system[2]), CONNECTIONS);
        this.connections = new AtomicReferenceArray<>(count);
    }

    @Override
    Sender sender() {
        return sender;
    }

    @Override
    void connect(int device) {
        int user = firstUser + device;
        MqttConnection.Listener listener = new MqttConnection.Listener() {
            @Override
            public void connected(MqttConnection connection, boolean known) {
                connections.set(device, connection);
                if (known) {
                    ready(device);
                } else {
                    connection.subscribe(Mosquitto.topic(user));
                }
            }

            @Override
            public void subscribed(MqttConnection connection) {
                ready(device);
            }

            @Override
            public void message(byte[] payload) {
                received(device, payload);
            }

            @Override
            public void closed(String why) {
                lost(device, why);
            }
        };
        MqttConnection.open(loops, tls, "127.0.0.1", port, from, Mosquitto.client(user), false, listener);
    }

    @Override
    void cut(int device) {
        MqttConnection connection = connections.getAndSet(device, null);
        if (connection != null) {
            connection.channel().close();
        }
    }
}
