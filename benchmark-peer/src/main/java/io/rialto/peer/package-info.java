/**
 * Spring Cloud Gateway, the proxy that Java teams would otherwise pick, with one route and its logging off. Enters: a
 * port and a backend as Spring settings. Must not be here: anything of Rialto's own.
 */
@NullMarked
package io.rialto.peer;

import org.jspecify.annotations.NullMarked;
