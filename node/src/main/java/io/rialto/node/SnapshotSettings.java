package io.rialto.node;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where a node gets its snapshot from. */
public record SnapshotSettings(
        @Setting(doc = "Base URLs of control, such as `http://127.0.0.1:9090`; the next is asked when one fails.")
        List<URI> controlUrls,

        @Setting(doc = "Ed25519 public keys of control (base64url) that this node trusts.")
        List<String> controlKeys,

        @Setting(doc = "File with the token that this node shows to control.")
        Optional<Path> controlTokenFile,

        @Setting(
                value = "data/snapshot",
                doc = "File in which the newest snapshot is kept; a node starts from it when control is away.")
        Path file) {

    public SnapshotSettings {
        SnapshotFollower.Source.check(controlUrls);
    }
}
