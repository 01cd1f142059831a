package io.rialto.peer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** Runs Spring Cloud Gateway; its routes come from the command line. */
@SpringBootApplication
public class PeerGateway {
    PeerGateway() {}

    public static void main(String[] arguments) {
        SpringApplication.run(PeerGateway.class, arguments);
    }
}
