// A CPU's last events: a ring that overwrites its oldest, written without a lock.
//
// Who: note: both, in any context, interrupts masked or not. read: anyone, on any CPU, at any time;
// a panic, too. Lock order: none; lock-free.
//
// A writer reserves its place by one compare-and-swap of `head`, and reads the clock between the
// load of `head` and the swap. An interrupt in between that also writes moves `head`, so the swap
// fails and the clock is read again. So the order of places is the order of times, though writers
// nest, and though a thread may be moved to another CPU between reading which CPU it is on and
// writing: its event is then in the ring of the CPU that it has left, still in order.
//
//     thread                          top half, on the same CPU
//     h = head; t = clock
//                                     head: h -> h + 1, place h written
//     head: h -> h + 1 fails
//     h = head; t = clock (later)
//     head: h -> h + 1
//     place h: fields, then tag
//
// A place is whole when its tag says its number, which is stored last. A reader copies a place
// whose tag is right, and then looks at `head` again: had the place been reserved anew meanwhile,
// it would see that, for the writer's fence puts the new `head` before the new fields.
#pragma once

#include "kern/base/atomic.hpp"
#include "kern/trace/kinds.hpp"

namespace pivot {

struct TraceEvent {
    u64 time;  // counter
    u64 a;     // what they mean depends on the kind
    u64 b;
    u64 tag;  // number + 1 in bits 47..0, detail in 55..48, kind in 63..56; 0: not whole

    [[nodiscard]] TraceKind kind() const { return static_cast<TraceKind>(tag >> 56); }
    [[nodiscard]] u8 detail() const { return static_cast<u8>(tag >> 48); }
};
static_assert(sizeof(TraceEvent) == 32);

template <u32 N>
class TraceRing {
  public:
    static_assert(N != 0 && (N & (N - 1)) == 0, "a ring's size is a power of two");
    static constexpr u32 kSize = N;

    template <typename Clock>
    void note(Clock&& clock, TraceKind kind, u8 detail, u64 a, u64 b) {
        u64 at;
        u64 time;
        do {
            at = atomic::load_relaxed(&head_);
            time = clock();
        } while (!atomic::replace(&head_, at, at + 1));
        atomic::release_fence();  // the new head before the new fields: readers
        TraceEvent& event = event_[at % N];
        atomic::store_relaxed(&event.time, time);
        atomic::store_relaxed(&event.a, a);
        atomic::store_relaxed(&event.b, b);
        atomic::store_release(&event.tag, tag_of(at, kind, detail));
    }

    // How many have ever been written, or begun to be.
    [[nodiscard]] u64 written() const { return atomic::load_acquire(&head_); }

    // The event of that number. False: overwritten, not yet whole, or never written.
    [[nodiscard]] bool read(u64 number, TraceEvent& event) const {
        TraceEvent const& place = event_[number % N];
        event.tag = atomic::load_acquire(&place.tag);
        if ((event.tag & kNumber) != ((number + 1) & kNumber)) {
            return false;
        }
        event.time = atomic::load_relaxed(&place.time);
        event.a = atomic::load_relaxed(&place.a);
        event.b = atomic::load_relaxed(&place.b);
        atomic::acquire_fence();  // the fields before head
        return atomic::load_relaxed(&head_) <= number + N;
    }

  private:
    static constexpr u64 kNumber = (u64{1} << 48) - 1;
    static constexpr u64 tag_of(u64 at, TraceKind kind, u8 detail) {
        return ((at + 1) & kNumber) | u64{detail} << 48 | static_cast<u64>(kind) << 56;
    }

    u64 head_ = 0;
    TraceEvent event_[N] = {};
};

}  // namespace pivot
