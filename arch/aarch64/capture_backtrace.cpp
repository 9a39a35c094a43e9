// Return addresses by frame records, on one stack (arch/contract/backtrace.hpp).
#include "arch/contract/backtrace.hpp"
#include "backtrace.hpp"
#include "sysreg.hpp"

extern "C" char irq_thread_handled[], irq_nested_handled[];  // labels of vectors.S

namespace pivot {
namespace {

// AAPCS64, 6.4.6.
struct FrameRecord {
    uptr caller_record;
    uptr return_address;
};

}  // namespace

void capture_backtrace(uptr* pcs, u32 most) {
    // Our own record says where our caller goes on; its record is the first that is asked for.
    auto const* record = static_cast<FrameRecord const*>(__builtin_frame_address(0));
    port::StackRange const stack = port::stack_at(reinterpret_cast<uptr>(record));
    for (u32 i = 0; i < most; ++i) {
        uptr const next = record != nullptr ? record->caller_record : 0;
        bool const inside = next > reinterpret_cast<uptr>(record) && next % 8 == 0 &&
                            stack.top != 0 && next <= stack.top - sizeof(FrameRecord);
        record = inside ? reinterpret_cast<FrameRecord const*>(next) : nullptr;
        pcs[i] =
            record != nullptr && port::is_text(record->return_address) ? record->return_address : 0;
    }
}

// The top half's record on this stack is the one that returns to entry; from there, see
// arch/aarch64/backtrace.hpp.
uptr interrupted_pc() {
    auto const* record = static_cast<FrameRecord const*>(__builtin_frame_address(0));
    port::StackRange const stack = port::stack_at(reinterpret_cast<uptr>(record));
    while (record->return_address != reinterpret_cast<uptr>(irq_thread_handled) &&
           record->return_address != reinterpret_cast<uptr>(irq_nested_handled)) {
        uptr const next = record->caller_record;
        if (next <= reinterpret_cast<uptr>(record) || next % 8 != 0 || stack.top == 0 ||
            next > stack.top - sizeof(FrameRecord)) {
            return 0;
        }
        record = reinterpret_cast<FrameRecord const*>(next);
    }
    bool const nested = record->return_address == reinterpret_cast<uptr>(irq_nested_handled);
    uptr const frame =
        nested ? record->caller_record - FRAME_X29 : port::read_sysreg<port::Sysreg::sp_el0>();
    return reinterpret_cast<InterruptFrame const*>(frame)->elr;
}

}  // namespace pivot
