// Lines that stay active after their top half: held off at the controller, while everything else
// flows, until whoever the top half has left the work to is done.
//
// Who: hold_line: a top half, for its own line. let_go_of_line: threads, on the CPU whose top half
// held it; a bottom half does not leave that CPU. line_holds: both.
// Lock order: none.
//
// A GIC with EOImode 1 ends an interrupt in two steps (IHI 0069H, 4.1): the *priority drop*, which
// lets lines of its own level and below come again, and the *deactivation*, which lets this one
// come again. Ordinarily exit does both. A top half that has called hold_line returns
// LineEnd::leave_active, exit does the first alone, and the last let_go_of_line does the second:
//
//     top half                                   thread, same CPU
//     hold_line: holds = 1
//     leaves the work to the thread
//     returns leave_active
//     exit: drop; the line is active             does the work, quiets the device
//       (asserted still, it does not fire)       let_go_of_line: holds = 0: deactivate
//     a device that asks again fires now <-------
//
// A line can be held several times over (it is shared, and two of its handlers have each left work
// behind). While it is held it does not fire on this CPU, so no top half changes the count under a
// thread's feet; threads that preempt each other do. Counts of banked lines, like their active
// states, are each CPU's own.
//
// The count does not belong to the line's owner. Who releases a held line leaves it active, and
// whoever requests it next hears nothing of it until the last hold is gone.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/cross_call.hpp"
#include "spl/context.hpp"

namespace pivot {

// A top half's token is the address of its line's entry in the CPU's table, less the table's offset
// (frame.hpp: CPU_LINES).
[[nodiscard]] inline LineEntry& line_of_token(void* token) {
    return *reinterpret_cast<LineEntry*>(static_cast<u8*>(token) + offsetof(PerCpu, lines));
}
template <Ipl L>
[[nodiscard]] LineEntry const& line_of(TopHalf<L> const& context) {
    auto const* const token = reinterpret_cast<const u8*>(&context);
    return *reinterpret_cast<LineEntry const*>(token + offsetof(PerCpu, lines));
}

// Boot, on each CPU: how the controller deactivates a line.
void init_line_holds(void (*deactivate)(u32 intid));

// How many hold the line; of a banked one, this CPU's.
[[nodiscard]] u32 line_holds(u32 intid);
// Whether anybody holds the line of that top half's token.
[[nodiscard]] bool is_line_held(void* token);

// One hold more on a line, by its top half, which returns LineEnd. The kernel's own.
void hold_line(u32 intid);
// The line of the calling top half stays active until let_go_of_line has been called once more
// than now. The top half must return LineEnd::leave_active.
template <Ipl L>
void hold_line(TopHalf<L> const& context) {
    hold_line(line_of(context).number);
}

// By a thread that the line was held for.
void let_go_of_line(MayWake const& context, u32 intid);

// A hold that an object keeps, for whoever runs for it, on whichever CPU. It lets go where the line
// was held.
class AttachedLine {
  public:
    constexpr AttachedLine() : call_(CrossCall::to<&AttachedLine::arrive>(*this)) {}
    AttachedLine(AttachedLine const&) = delete;
    AttachedLine& operator=(AttachedLine const&) = delete;

    // A top half holds its line. False: this one keeps another already.
    [[nodiscard]] bool attach(u32 intid);
    // Keeps that hold already, of this CPU: whoever takes it sees what has been stored by now.
    [[nodiscard]] bool keeps(u32 intid);
    // Of several that want to let go of it later, one gets true.
    [[nodiscard]] bool take();
    // Lets go of it where it was held. By whom take() has told true.
    void let_go(MayWake const& context);

  private:
    // word_: 0, or the INTID, the CPU's number << 32 and one of these.
    static constexpr u64 kAttached = u64{1} << 62;
    static constexpr u64 kTaken = u64{1} << 63;
    [[nodiscard]] static u64 attached(u32 intid) {
        return kAttached | u64{this_cpu().id} << 32 | intid;
    }

    static void arrive(MayWake const& context, AttachedLine& self) { self.let_go_here(context); }
    void let_go_here(MayWake const& context);

    u64 word_ = 0;
    CrossCall call_;
};

}  // namespace pivot
