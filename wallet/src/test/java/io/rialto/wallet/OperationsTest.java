package io.rialto.wallet;

import static org.assertj.core.api.Assertions.assertThat;

import io.rialto.gateway.config.GatewayConfig;
import io.rialto.gateway.config.OperationConfig;
import io.rialto.gateway.upstream.BackendSettings;
import io.rialto.protocol.Operation;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import tools.jackson.databind.json.JsonMapper;

/** The gateway's configuration for the wallet, as the gateway itself reads it. */
final class OperationsTest {
    private static GatewayConfig config() throws Exception {
        try (InputStream json = WalletApplication.class.getResourceAsStream("/rialto/wallet-operations.json")) {
            return GatewayConfig.parse(new JsonMapper().readTree(Objects.requireNonNull(json)));
        }
    }

    /** By name, whether the gateway may repeat it. */
    private static Map<String, Boolean> served() {
        Map<String, Boolean> served = new TreeMap<>();
        for (Method bean : WalletConfiguration.class.getDeclaredMethods()) {
            if (bean.isAnnotationPresent(Bean.class)) {
                Arrays.stream(bean.getReturnType().getDeclaredMethods())
                        .map(method -> method.getAnnotation(Operation.class))
                        .filter(Objects::nonNull)
                        .forEach(operation -> served.put(operation.value(), operation.idempotent()));
            }
        }
        return served;
    }

    @Test
    void the_gateway_knows_every_operation_of_the_wallet_and_no_other() throws Exception {
        Map<String, Boolean> known = new TreeMap<>();
        for (OperationConfig operation : config().operations().values()) {
            known.put(operation.name().toString(), operation.idempotent());
        }
        assertThat(known).isEqualTo(served()).hasSizeGreaterThan(10);
    }

    @Test
    void its_backend_is_read_without_an_error() throws Exception {
        List<BackendSettings> backends = config().backends();
        assertThat(backends).hasSize(1);
        BackendSettings settings = backends.getFirst();
        assertThat(settings.service()).isEqualTo("wallet");
        assertThat(settings.registered()).isTrue();
    }
}
