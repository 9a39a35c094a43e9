#include "backtrace.hpp"

#include "cpu.hpp"
#include "kern/base/stack.hpp"
#include "kern/base/symbols.hpp"

extern "C" {
extern char __image_start[], __text_end[], __rodata_end[], __image_end[];
extern const pivot::GuardRange __guards_start[], __guards_end[];
// Labels of vectors.S and switch.S.
extern char irq_thread_handled[], irq_thread_attended[], irq_nested_handled[],
    irq_nested_attended[];
extern char bottom_half_called[];
}

namespace pivot::port {
namespace {

constexpr u64 kEl1Mask = 0xf;  // SPSR.M
constexpr u64 kEl1Thread = 4;  // EL1 with SP_EL0
constexpr u64 kEl1Handler = 5;

uptr address_of(const char* label) { return reinterpret_cast<uptr>(label); }

bool is_data(uptr address) {
    return address >= address_of(__rodata_end) && address < address_of(__image_end);
}

// A T at an address, if all of them lie on one stack; null if not.
template <typename T>
T const* on_a_stack(uptr address) {
    StackRange const stack = stack_at(address);
    bool const inside = address >= stack.bottom && stack.top - address >= sizeof(T);
    return stack.top != 0 && address % 8 == 0 && inside ? reinterpret_cast<T const*>(address)
                                                        : nullptr;
}

struct FrameRecord {
    uptr frame;
    uptr caller;
};

// An InterruptFrame above the frame record at `record`, of a thread whose x29 was `frame`; 0 if
// none.
uptr find_interrupt_frame(uptr record, uptr frame) {
    constexpr uptr kReach = 512;  // more than pivot_attend_pass keeps
    for (uptr at = record + 16; at < record + kReach; at += 16) {
        auto const* const found = on_a_stack<InterruptFrame>(at);
        if (found != nullptr && found->x29 == frame && is_text(found->elr) &&
            (found->spsr & kEl1Mask) == kEl1Thread) {
            return at;
        }
    }
    return 0;
}

}  // namespace

StackRange stack_at(uptr address) {
    for (GuardRange const* range = __guards_start; range != __guards_end; ++range) {
        uptr const first = reinterpret_cast<uptr>(range->first);
        if (address >= first && address - first < range->stride * range->count) {
            uptr const guard = address - (address - first) % range->stride;
            return {guard, guard + kPage, guard + range->stride};
        }
    }
    return {0, 0, 0};
}

bool is_text(uptr address) {
    return address >= address_of(__image_start) && address < address_of(__text_end);
}

Backtrace::Backtrace(PerCpu const& cpu, TrapFrame const& frame)
    : pc_(frame.elr),
      frame_(frame.x[29]),
      link_(frame.x[30]),
      thread_sp_((frame.spsr & kEl1Mask) == kEl1Handler ? frame.sp_el0 : 0),
      thread_(reinterpret_cast<uptr>(cpu.current)),
      kind_(frame.vector == kNoVector ? FrameKind::caller : FrameKind::current) {}

// An interrupted function may have no frame record: a leaf has none, and none has one in its first
// instruction. Its caller is then in x30 alone. (Afterwards x30 holds where a callee returned to,
// in the same function, or the caller that the record names, too.)
bool Backtrace::link_register_is_caller(uptr saved) const {
    if (kind_ == FrameKind::caller || !is_text(link_) || link_ == saved) {
        return false;
    }
    return !is_text(pc_) || symbolise(pc_).name != symbolise(link_ - 1).name;
}

bool Backtrace::enter_interrupted(uptr address) {
    auto const* const frame = on_a_stack<InterruptFrame>(address);
    if (frame == nullptr) {
        return false;
    }
    pc_ = frame->elr;
    frame_ = frame->x29;
    link_ = frame->x30;
    spl_ = frame->spl;
    kind_ = FrameKind::interrupted;
    return true;
}

bool Backtrace::enter_pinned() {
    if (!is_data(thread_) || thread_ % 8 != 0) {
        return false;
    }
    uptr const pinned = *reinterpret_cast<uptr const*>(thread_ + THREAD_PINNED);
    uptr const sp = *reinterpret_cast<uptr const*>(thread_ + THREAD_PINNED_SP);
    auto const* const saved = on_a_stack<SwitchFrame>(sp);
    if (pinned == 0 || saved == nullptr) {
        return false;  // it has blocked since, and the thread has gone on
    }
    thread_ = pinned;
    if (saved->x30 == address_of(irq_thread_attended)) {
        return enter_interrupted(sp + SWITCH_FRAME_SIZE);
    }
    pc_ = saved->x30;
    frame_ = saved->x29;
    kind_ = FrameKind::caller;
    return true;
}

bool Backtrace::follow(uptr caller, uptr frame) {
    if (caller == address_of(bottom_half_called)) {
        return enter_pinned();
    }
    if (caller == address_of(irq_thread_handled)) {
        return enter_interrupted(thread_sp_);
    }
    if (caller == address_of(irq_nested_handled) || caller == address_of(irq_nested_attended)) {
        return enter_interrupted(frame - FRAME_X29);
    }
    if (caller == address_of(irq_thread_attended)) {
        return enter_interrupted(find_interrupt_frame(frame_, frame));
    }
    pc_ = caller;
    frame_ = frame;
    kind_ = FrameKind::caller;
    return caller != 0;
}

bool Backtrace::step() {
    auto const* const record = on_a_stack<FrameRecord>(frame_);
    if (link_register_is_caller(record != nullptr ? record->caller : 0)) {
        return follow(link_, frame_);
    }
    return record != nullptr && follow(record->caller, record->frame);
}

}  // namespace pivot::port

namespace pivot {

namespace {

constexpr u32 kMostFrames = 4096;  // a chain that has been overwritten may be a ring

}  // namespace

void for_each_frame(PerCpu const& cpu, TrapFrame const& frame, FrameVisitor visit, void* state) {
    port::Backtrace trace(cpu, frame);
    u32 count = 0;
    while (visit(state, trace.pc(), trace.kind()) && ++count < kMostFrames && trace.step()) {
    }
}

u64 interrupted_spl(PerCpu const& cpu, TrapFrame const& frame) {
    port::Backtrace trace(cpu, frame);
    for (u32 count = 0; count < kMostFrames && trace.step(); ++count) {
        if (trace.kind() == FrameKind::interrupted) {
            return trace.spl();
        }
    }
    return cpu.spl;
}

}  // namespace pivot
