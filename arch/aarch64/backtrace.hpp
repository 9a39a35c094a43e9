// From one function's frame to its caller's, also where an interrupt lies between them.
//
// Who: panic. Lock order: none. Reads nothing outside the stacks that the image defines.
//
// Every function that calls others keeps a frame record {x29 of its caller, return address} and x29
// points at it (AAPCS64, 6.4.6). Some return addresses are not calls of a function but labels in
// vectors.S and switch.S; there, what was interrupted is found in an InterruptFrame or SwitchFrame:
//
//   irq_thread_handled     a first-level top half: the frame lies at SP_EL0, on the thread's stack
//   irq_nested_handled,
//   irq_nested_attended    a nested one: its x29 points into the frame, at FRAME_X29
//   bottom_half_called     a continuation: the thread that its bottom half has interrupted is
//                          pinned, with a SwitchFrame at its saved SP
//   irq_thread_attended    what runs at the end of an interrupt, on the interrupted thread's stack:
//                          the frame lies right above the SwitchFrame (see above), or else above
//                          that of pivot_attend_pass, whose x29 is the thread's. That place is not
//                          recorded, but an InterruptFrame with that x29 is easily told.
#pragma once

#include "arch/contract/panic.hpp"
#include "frame.hpp"

namespace pivot::port {

struct StackRange {
    uptr guard;  // the unmapped page below
    uptr bottom;
    uptr top;
};

// The stack whose guard page or memory holds an address; all 0 if none does.
[[nodiscard]] StackRange stack_at(uptr address);

[[nodiscard]] bool is_text(uptr address);

class Backtrace {
  public:
    Backtrace(PerCpu const& cpu, TrapFrame const& frame);

    [[nodiscard]] uptr pc() const { return pc_; }
    [[nodiscard]] FrameKind kind() const { return kind_; }
    // While kind() is interrupted: the SPL there.
    [[nodiscard]] u64 spl() const { return spl_; }

    // Goes to the caller or the interrupted code; false at the end of what can be followed.
    [[nodiscard]] bool step();

  private:
    [[nodiscard]] bool link_register_is_caller(uptr saved) const;
    [[nodiscard]] bool follow(uptr caller, uptr frame);
    [[nodiscard]] bool enter_interrupted(uptr address);
    [[nodiscard]] bool enter_pinned();

    uptr pc_;
    uptr frame_;      // x29
    uptr link_;       // x30, while pc_ is an interrupted instruction
    uptr thread_sp_;  // SP_EL0 if the report is about a top half
    uptr thread_;     // the current one, then the one it has interrupted ...
    u64 spl_ = 0;
    FrameKind kind_;
};

}  // namespace pivot::port
