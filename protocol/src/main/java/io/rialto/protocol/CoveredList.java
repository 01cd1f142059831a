package io.rialto.protocol;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The list of what a signature covers. Immutable: all calls of a client have the same few. */
final class CoveredList {
    private final List<SignatureComponent> components;
    private final List<String> names;
    private final Set<String> known;
    private final String canonical;

    private CoveredList(List<SignatureComponent> components, String canonical) {
        List<String> all = new ArrayList<>(components.size());
        for (SignatureComponent component : components) {
            all.add(component.name());
        }
        this.components = components;
        this.names = Collections.unmodifiableList(all);
        this.known = new HashSet<>(all);
        this.canonical = canonical;
    }

    static CoveredList parse(StructuredText text) throws ProtocolException {
        StringBuilder canonical = new StringBuilder(256).append('(');
        List<SignatureComponent> components = new ArrayList<>();
        Set<String> identifiers = new HashSet<>();
        text.expect('(');
        text.skipSpaces();
        while (!text.take(')')) {
            SignatureComponent component = SignatureComponent.parse(text);
            if (!identifiers.add(component.identifier()) || components.size() == SignatureInput.MAX_COMPONENTS) {
                throw text.malformed("each component once, at most " + SignatureInput.MAX_COMPONENTS);
            }
            canonical.append(components.isEmpty() ? "" : " ").append(component.identifier());
            components.add(component);
            if (!text.isNext(' ') && !text.isNext(')')) {
                throw text.malformed("a space or ')'");
            }
            text.skipSpaces();
        }
        return new CoveredList(components, canonical.append(')').toString());
    }

    List<SignatureComponent> components() {
        return components;
    }

    /** As in {@link SignatureInput#components()}. */
    List<String> names() {
        return names;
    }

    boolean covers(String name) {
        return known.contains(name);
    }

    /** As in the signature's base, whatever the sender's spaces were. */
    String canonical() {
        return canonical;
    }
}
