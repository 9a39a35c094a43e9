// BlackBox: who made a device lose data. The culprit, not just the fact.
//
// Who: served, record: the device's top half; take: its bottom half or any one thread.
// Lock order: none. The top halves of one device take turns, under its lock or because it has one
// line; whoever takes records out is alone at that.
//
// A device overruns when its line was served too late, and when its top half at last finds out, who
// held it off is gone. Three things are left to look at:
//
//   - Held off by the SPL. Entry found the SPL raised, left the line pending and wrote down where
//     the code with that SPL was and which spin mutex it held (vectors.S: catch_up); and when the
//     SPL was lowered, that was noted, too: when, by whom, by which mutex's release (attend.cpp).
//     It is this device's story if it began after the device was last served, at the level of its
//     line or above: the line comes in as soon as the SPL falls, so there is none in between. And
//     if it has not been over for longer than it lasted: it may be another line's.
//   - The device's own lock: the top half had it only after a long while, so another CPU held it.
//   - Neither: then the place that this interrupt has interrupted is all that is known. It is where
//     the CPU was when the line got through at last, which need not be what kept it out: a top half
//     of the same level or a higher one, or interrupts masked, are over by then.
//
//     thread                              line                          record
//     ----------------------------------  ----------------------------  --------------------------
//     lock(books, vm)
//                                         asserted: FIFO half full
//                                         entry: SPL vm, left pending   pc, `books`, since
//       ...                               FIFO full; bytes are lost
//     unlock(books): SPL none                                           until, by whose release
//       -> pivot_attend lowers the mask   top half: overrun             record()
//
// "Since" is when the *first* line was held off in that stretch, so what is reported is how long
// lines waited; the mutex was taken before that. And a function that lowers the SPL as the last
// thing it does may do so by a tail call: then the place where it was lowered is in its caller.
#pragma once

#include "kern/base/ring.hpp"
#include "spl/context.hpp"

namespace pivot {

// An interrupt that came late: by whom it was held off, for how long, and where.
struct Delay {
    // What kept it: another's SPL, the top half's own wait for a mutex, or nothing that was seen.
    enum class Why : u8 { held_off, own_lock, unknown };

    Why why;             // what kept it
    Ipl spl;             // held_off: the SPL
    u32 cpu;             // of the CPU that it came late on
    u64 ticks;           // for how long, if that is known
    uptr pc;             // held_off: where it was when the line came; unknown: where it is now
    uptr lowered_at;     // held_off: where the SPL was lowered; 0: not known
    const char* mutex;   // the spin mutex; null: none, the SPL was raised by itself
    const char* thread;  // on whose stack all this happens
};

class BlackBox {
  public:
    // Of a device whose line has level `level`.
    constexpr BlackBox(const char* device, Ipl level) : device_(device), level_(level) {}
    BlackBox(BlackBox const&) = delete;
    BlackBox& operator=(BlackBox const&) = delete;

    // The device has lost data. `own_lock`: the name of the device's lock, for which the top half
    // has just waited `waited` ticks.
    template <Ipl L>
    void record(TopHalf<L> const&, const char* own_lock, u64 waited) {
        keep(examine(own_lock, waited));
    }
    // The device has been served: what held its line off until now is no news from here on.
    template <Ipl L>
    void served(TopHalf<L> const&) {
        note_served();
    }

    // The oldest record not yet taken.
    [[nodiscard]] bool take(Delay& delay) { return delays_.pop(delay); }
    // The newest record; all 0 if there is none. No top half of the device may come meanwhile.
    [[nodiscard]] Delay const& last() const { return last_; }
    // Losses, and how many of them found no room for a record.
    [[nodiscard]] u32 count() const { return atomic::load_relaxed(&count_); }
    [[nodiscard]] u32 unrecorded() const { return atomic::load_relaxed(&unrecorded_); }

    // Takes all records and prints each in two or three lines. A thread or a bottom half.
    void report(MayWake const& context);

  private:
    [[nodiscard]] Delay examine(const char* own_lock, u64 waited) const;
    void keep(Delay const& delay);
    void note_served();

    static constexpr u32 kRoom = 8;

    const char* device_;
    Ipl level_;
    u32 count_ = 0;
    u32 unrecorded_ = 0;
    u32 unrecorded_said_ = 0;
    u64 served_ = 0;  // counter
    Delay last_{};
    Ring<Delay, kRoom> delays_;
};

}  // namespace pivot
