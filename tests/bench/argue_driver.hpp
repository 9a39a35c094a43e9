// One driver, however its line's handler is entered: the source that the argument is about.
//
// Who: open, close: a thread on the CPU that the line interrupts. Lock order: as ArguePort.
//
// A driver is *structured* if it splits its work where the lock begins: what the device needs is
// done without a lock (FIFO to ring), and what the lock guards by a continuation. It is
// *unstructured* if its handler takes the lock and does it all. Both are written once; the models
// differ in the context that calls them:
//
//     a    pivot      structured     a top half, and its continuation
//     a2   deferring  unstructured   a top half that takes the adaptive mutex, now or later
//     b    thread     unstructured   a thread that each interrupt wakes
//     c    borrowed   unstructured   the bottom half that interrupt exit enters; blocks in place
//     b+   thread     structured     as b, but what it does for the device needs no lock
//     c+   borrowed   structured     as c, likewise
//
// b+ and c+ tell the two causes apart: how a handler is entered, and how it is written.
#pragma once

#include "tests/bench/argue_port.hpp"

namespace pivot::bench {

// The device's part: all that the FIFO holds goes to `sink`, then the line follows the FIFO again.
template <typename Sink>
void empty_fifo(ArguePort& port, Sink&& sink) {
    for (u32 level = port.look(); level != 0; level = port.device.level()) {
        do {
            sink(port.device.read());
        } while (--level != 0);
    }
    port.device.settle_line();
}

inline void hand_on(ArguePort& port) {
    asm volatile("mark_argue_handed.%=:" ::: "memory");
    port.handed_at = counter();
}

// Structured, first half: no lock.
inline void fifo_to_ring(ArguePort& port) {
    empty_fifo(port, [&](u8 byte) {
        if (!port.ring.push(byte)) {
            ++port.ring_full;
        }
    });
}

// Structured, second half: a continuation.
inline void ring_to_discipline(MayBlock const& context, ArguePort& port) {
    AdaptiveGuard const guard(port.lock, context);
    u8 byte;
    while (port.ring.pop(byte)) {
        port.discipline.accept(byte);
    }
    hand_on(port);
}

// Unstructured: the lock is held by whoever calls this.
inline void fifo_to_discipline(ArguePort& port) {
    empty_fifo(port, [&](u8 byte) { port.discipline.accept(byte); });
    hand_on(port);
}

// Unstructured, in a context that may block.
inline void lock_and_serve(MayBlock const& context, ArguePort& port) {
    AdaptiveGuard const guard(port.lock, context);
    fifo_to_discipline(port);
}

// A way to be entered. `open` makes the port's line its own, `close` gives it back.
struct ArgueModel {
    const char* name;
    void (*open)(MayBlock const& context, ArguePort& port);
    void (*close)(MayBlock const& context);
};

struct ArgueModels {
    ArgueModel const* first;
    ArgueModel const* last;
    [[nodiscard]] ArgueModel const* begin() const { return first; }
    [[nodiscard]] ArgueModel const* end() const { return last; }
};
[[nodiscard]] ArgueModels argue_models();

}  // namespace pivot::bench
