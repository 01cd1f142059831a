package io.rialto.starter;

import java.time.Clock;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.coyote.http2.Http2Protocol;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import tools.jackson.databind.json.JsonMapper;

/** Wires the starter into an application: serving, health, registration, calls to other cells. */
@AutoConfiguration
@EnableConfigurationProperties(RialtoProperties.class)
public final class RialtoAutoConfiguration {
    /** One connection of a gateway carries many calls at once; Tomcat's 100 would be the bottleneck. */
    private static final int MAX_STREAMS = 1_000;

    /** A gateway keeps its connections; between bursts too. */
    private static final long KEEP_ALIVE_MILLIS = 75_000;

    @Bean
    @ConditionalOnMissingBean
    Clock rialtoClock() {
        return Clock.systemUTC();
    }

    @Bean
    @ConditionalOnMissingBean
    JsonMapper rialtoJson() {
        return new JsonMapper();
    }

    @Bean
    CallerKeys rialtoCallerKeys(RialtoProperties properties, Clock clock, JsonMapper json) {
        return new CallerKeys(properties.callerKeysFile(), clock, json);
    }

    @Bean
    Gateways rialtoGateways(RialtoProperties properties, CallerKeys keys, Clock clock) {
        return new Gateways(properties.service(), keys, clock);
    }

    @Bean
    CellCalls rialtoCellCalls(RialtoProperties properties, Gateways gateways, JsonMapper json) {
        return new CellCalls(properties.gateways(), gateways, json);
    }

    @Bean
    CellRequests rialtoCellRequests(RialtoProperties properties, Gateways gateways) {
        return new CellRequests(properties.gateways(), gateways);
    }

    /** Where the application brings gRPC. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "io.grpc.ClientInterceptor")
    static final class Channels {
        @Bean
        CellChannelCalls rialtoCellChannelCalls(Gateways gateways) {
            return new CellChannelCalls(gateways);
        }
    }

    @Bean
    Messages rialtoMessages(RialtoProperties properties, Gateways gateways, JsonMapper json) {
        return new Messages(properties, gateways, json);
    }

    /** For a backend that has a table {@code message_outbox}, and says so. */
    @Bean
    @ConditionalOnProperty("rialto.message-outbox")
    MessageOutbox rialtoMessageOutbox(FencedTransactions transactions, Messages messages, RialtoProperties properties) {
        return new MessageOutbox(transactions, messages, properties.messageLease());
    }

    /** No table of a backend is left unguarded because somebody forgot to. */
    @Bean
    SmartInitializingSingleton rialtoGuard(ObjectProvider<FencedTransactions> transactions) {
        return () -> transactions.stream().forEach(FencedTransactions::guard);
    }

    @Bean
    Drain rialtoDrain() {
        return new Drain();
    }

    @Bean
    Registration rialtoRegistration(
            RialtoProperties properties, Gateways gateways, Drain drain, Environment environment, JsonMapper json) {
        return new Registration(properties, gateways, drain, environment, json);
    }

    @Bean
    Operations rialtoOperations(ListableBeanFactory beans, JsonMapper json) {
        return new Operations(beans, json);
    }

    @Bean
    ServletRegistrationBean<OperationServlet> rialtoServlet(
            Operations operations,
            CallerKeys keys,
            Drain drain,
            Clock clock,
            JsonMapper json,
            RialtoProperties properties) {
        return new ServletRegistrationBean<>(
                new OperationServlet(operations, keys, drain, clock, json, properties.maxBodyBytes()), "/*");
    }

    /** HTTP/1.1 and, with prior knowledge, HTTP/2 on the same plain port; a virtual thread per call. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> rialtoTransport() {
        return tomcat -> tomcat.addConnectorCustomizers(connector -> {
            Http2Protocol http2 = new Http2Protocol();
            http2.setMaxConcurrentStreams(MAX_STREAMS);
            http2.setMaxConcurrentStreamExecution(MAX_STREAMS);
            http2.setKeepAliveTimeout(KEEP_ALIVE_MILLIS);
            connector.addUpgradeProtocol(http2);
            connector.setProperty("maxKeepAliveRequests", "-1");
            connector.setProperty("keepAliveTimeout", Long.toString(KEEP_ALIVE_MILLIS));
            connector.setProperty("useVirtualThreads", "true");
        });
    }

    /** The operations of all beans, found once every bean is there. */
    static final class Operations implements Supplier<Map<String, OperationMethod>>, SmartInitializingSingleton {
        private final ListableBeanFactory beans;
        private final JsonMapper json;
        private volatile Map<String, OperationMethod> byPath = Map.of();

        Operations(ListableBeanFactory beans, JsonMapper json) {
            this.beans = beans;
            this.json = json;
        }

        @Override
        public void afterSingletonsInstantiated() {
            byPath = OperationMethod.ofBeans(beans, json);
        }

        @Override
        public Map<String, OperationMethod> get() {
            return byPath;
        }
    }
}
