package io.rialto.benchmark;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.mqtt.MqttConnAckMessage;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttVersion;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** A connection of MQTT 3.1.1, all by QoS 1. Its methods are for its event loop. */
@SuppressWarnings("FutureReturnValueIgnored") // a lost connection tells of its writes
final class MqttConnection extends SimpleChannelInboundHandler<MqttMessage> {
    private static final int MOST_BYTES = 1 << 20;
    private static final int PACKET_IDS = 0xffff;

    /** Seconds; longer than a run. */
    private static final int KEEP_ALIVE = 1_200;

    /** What happens on a connection, on its event loop. */
    interface Listener {
        /**
         * The server has taken it.
         *
         * @param known whether the server has the session from before
         */
        void connected(MqttConnection connection, boolean known);

        default void subscribed(MqttConnection connection) {}

        default void acknowledged(int packet) {}

        default void message(byte[] payload) {}

        default void closed(String why) {}
    }

    private final Channel channel;
    private final String client;
    private final boolean clean;
    private final Listener listener;
    private int lastPacket;
    private boolean ended;

    private MqttConnection(Channel channel, String client, boolean clean, Listener listener) {
        this.channel = channel;
        this.client = client;
        this.clean = clean;
        this.listener = listener;
    }

    /**
     * Connects.
     *
     * @param tls null for none
     * @param from loopback address to come from; null for any
     */
    static void open(
            EventLoopGroup loops,
            @Nullable SslContext tls,
            String host,
            int port,
            @Nullable String from,
            String client,
            boolean clean,
            Listener listener) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loops)
                .channel(EpollSocketChannel.class)
                // A cut leaves nothing waiting for its end on this machine.
                .option(ChannelOption.SO_LINGER, 0)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 60_000)
                .handler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel fresh) {
                        if (tls != null) {
                            fresh.pipeline().addLast(tls.newHandler(fresh.alloc()));
                        }
                        fresh.pipeline()
                                .addLast(
                                        new MqttDecoder(MOST_BYTES),
                                        MqttEncoder.INSTANCE,
                                        new MqttConnection(fresh, client, clean, listener));
                    }
                });
        if (from != null) {
            bootstrap.localAddress(new InetSocketAddress(from, 0));
        }
        bootstrap.connect(host, port).addListener(connected -> {
            if (!connected.isSuccess()) {
                listener.closed(String.valueOf(connected.cause()));
            }
        });
    }

    Channel channel() {
        return channel;
    }

    void subscribe(String topic) {
        channel.writeAndFlush(MqttMessageBuilders.subscribe()
                .addSubscription(MqttQoS.AT_LEAST_ONCE, topic)
                .messageId(nextPacket())
                .build());
    }

    /** Writes, and does not flush; the packet's number. */
    int publish(String topic, byte[] payload) {
        int packet = nextPacket();
        channel.write(MqttMessageBuilders.publish()
                .topicName(topic)
                .qos(MqttQoS.AT_LEAST_ONCE)
                .messageId(packet)
                .payload(Unpooled.wrappedBuffer(payload))
                .build());
        return packet;
    }

    void disconnect() {
        channel.writeAndFlush(MqttMessageBuilders.disconnect().build()).addListener(written -> channel.close());
    }

    private int nextPacket() {
        lastPacket = lastPacket % PACKET_IDS + 1;
        return lastPacket;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        channel.writeAndFlush(MqttMessageBuilders.connect()
                .clientId(client)
                .cleanSession(clean)
                .keepAlive(KEEP_ALIVE)
                .protocolVersion(MqttVersion.MQTT_3_1_1)
                .build());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, MqttMessage message) {
        if (message.decoderResult().isFailure()) {
            end(String.valueOf(message.decoderResult().cause()));
            channel.close();
            return;
        }
        switch (message.fixedHeader().messageType()) {
            case CONNACK -> {
                MqttConnAckMessage answer = (MqttConnAckMessage) message;
                if (answer.variableHeader().connectReturnCode() != MqttConnectReturnCode.CONNECTION_ACCEPTED) {
                    end("refused: " + answer.variableHeader().connectReturnCode());
                    channel.close();
                } else {
                    listener.connected(this, answer.variableHeader().isSessionPresent());
                }
            }
            case SUBACK -> listener.subscribed(this);
            case PUBACK -> listener.acknowledged(((MqttMessageIdVariableHeader) message.variableHeader()).messageId());
            case PUBLISH -> {
                MqttPublishMessage published = (MqttPublishMessage) message;
                listener.message(ByteBufUtil.getBytes(published.payload()));
                context.write(MqttMessageBuilders.pubAck()
                        .packetId(published.variableHeader().packetId())
                        .build());
            }
            default -> {}
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        context.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        end("the connection ended");
    }

    private void end(String why) {
        if (!ended) {
            ended = true;
            listener.closed(why);
        }
    }

    @Override
    @SuppressWarnings("deprecation") // of the outbound side only
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(cause.toString());
        context.close();
    }
}
