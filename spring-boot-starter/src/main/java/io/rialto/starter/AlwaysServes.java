package io.rialto.starter;

import org.springframework.boot.WebApplicationType;

/** An application with the starter is a web application, although it brings neither Spring MVC nor WebFlux. */
public final class AlwaysServes implements WebApplicationType.Deducer {
    @Override
    public WebApplicationType deduceWebApplicationType() {
        return WebApplicationType.SERVLET;
    }
}
