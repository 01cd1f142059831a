package io.rialto.wallet;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.rialto.wallet.api.TransferAnswer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * First answers by idempotency key, in the transaction that does the work: the key is taken before and the answer is
 * left after, so a second try waits for the first one and then gets its answer.
 */
final class Idempotency {
    private Idempotency() {}

    /** @param uid who calls; keys of different users have nothing to do with each other */
    record Key(int shard, String uid, String key, String operation, Message request) {
        private byte[] digest() {
            try {
                MessageDigest sha = MessageDigest.getInstance("SHA-256");
                sha.update(operation.getBytes(StandardCharsets.UTF_8));
                sha.update((byte) 0);
                return sha.digest(request.toByteArray());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }
    }

    /** Takes the key; or, where it was taken before by the same request, gives the answer of then. */
    static Optional<TransferAnswer> take(JdbcClient sql, Key key) {
        int taken =
                sql.sql("""
                INSERT INTO wallet.idempotency (shard, uid, key, request, answer) VALUES (?, ?, ?, ?, '')
                ON CONFLICT DO NOTHING""").params(key.shard, key.uid, key.key, key.digest()).update();
        if (taken == 1) {
            return Optional.empty();
        }
        return sql.sql("SELECT request, answer FROM wallet.idempotency WHERE shard = ? AND uid = ? AND key = ?")
                .params(key.shard, key.uid, key.key)
                .query((row, n) -> {
                    if (!MessageDigest.isEqual(row.getBytes("request"), key.digest())) {
                        throw Refusals.invalid(
                                "idempotency_key_reused",
                                "idempotency-key: used before for another request (expected: a new key)");
                    }
                    return parsed(row.getBytes("answer"));
                })
                .optional();
    }

    private static TransferAnswer parsed(byte[] answer) {
        try {
            return TransferAnswer.parseFrom(answer);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("an answer that was kept for an idempotency key cannot be read", e);
        }
    }

    static void keep(JdbcClient sql, Key key, TransferAnswer answer) {
        sql.sql("UPDATE wallet.idempotency SET answer = ? WHERE shard = ? AND uid = ? AND key = ?")
                .params(answer.toByteArray(), key.shard, key.uid, key.key)
                .update();
    }

    /** Gives the key back: the transaction is kept although the work was refused. */
    static void release(JdbcClient sql, Key key) {
        sql.sql("DELETE FROM wallet.idempotency WHERE shard = ? AND uid = ? AND key = ?")
                .params(key.shard, key.uid, key.key)
                .update();
    }
}
