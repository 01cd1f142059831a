package io.rialto.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.Test;

class LoopStateTest {
    private final LoopState local = new LoopState(1);

    @Test
    void an_answer_that_has_left_lends_its_buffer_to_the_next() {
        ByteBuf first = local.answer(100).writeInt(1);
        first.release();
        ByteBuf second = local.answer(200);
        assertThat(second).isSameAs(first);
        assertThat(second.readableBytes()).isZero();
        assertThat(second.capacity()).isGreaterThanOrEqualTo(200);
    }

    @Test
    void an_answer_that_waits_keeps_its_buffer() {
        ByteBuf waiting = local.answer(100).writeInt(1);
        ByteBuf next = local.answer(100).writeInt(2);
        assertThat(waiting.readInt()).isEqualTo(1);
        assertThat(next.readInt()).isEqualTo(2);
        assertThat(waiting.release()).isTrue();
        next.release();
        assertThat(local.answer(100)).isSameAs(next);
    }

    @Test
    void a_part_of_an_answer_that_waits_keeps_the_buffer() {
        ByteBuf answer = local.answer(100).writeInt(1).writeInt(2);
        ByteBuf part = answer.readRetainedSlice(4);
        answer.release();
        ByteBuf next = local.answer(100).writeInt(3);
        assertThat(part.readInt()).isEqualTo(1);
        assertThat(part.release()).isTrue();
        next.release();
    }

    @Test
    void a_large_answer_has_a_buffer_of_its_own() {
        ByteBuf large = local.answer(1 << 20);
        assertThat(large.capacity()).isEqualTo(1 << 20);
        assertThat(large.release()).isTrue();
    }
}
