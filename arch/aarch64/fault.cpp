// The state at a fault or a panic, in words and figures (arch/contract/panic.hpp).
#include "arch/contract/panic.hpp"
#include "backtrace.hpp"
#include "cpu.hpp"
#include "esr.hpp"
#include "kern/base/log.hpp"
#include "kern/base/stack.hpp"

extern "C" {
void pivot_capture(pivot::TrapFrame* out);
extern char __image_start[], __text_end[], __rodata_end[], __image_end[];
extern pivot::PerCpu pivot_percpu[pivot::kMaxCpus];
}

namespace pivot {
namespace {

using port::Syndrome;

constinit TrapFrame g_captured[kMaxCpus]{};

// The table's order (vectors.S; Arm ARM, D1.10.2).
constexpr const char* kVectors[16] = {
    "vector_sync_thread",    "vector_irq_thread",       "vector_fiq_thread",
    "vector_serror_thread",  "vector_sync_interrupt",   "vector_irq_nested",
    "vector_fiq_interrupt",  "vector_serror_interrupt", "vector_sync_lower64",
    "vector_irq_lower64",    "vector_fiq_lower64",      "vector_serror_lower64",
    "vector_sync_lower32",   "vector_irq_lower32",      "vector_fiq_lower32",
    "vector_serror_lower32",
};

bool is_null(uptr address) { return address < kPage; }

bool is_device(uptr address) { return address >= port::kDeviceBase; }

// What an address belongs to.
const char* place_of(uptr address) {
    struct Part {
        const char* end;
        const char* name;
    };
    Part const parts[] = {{__text_end, ".text"}, {__rodata_end, ".rodata"}, {__image_end, "data"}};
    if (is_null(address)) {
        return "the null page";
    }
    if (is_device(address)) {
        return "devices";
    }
    if (port::stack_at(address).top != 0) {
        return address < port::stack_at(address).bottom ? "a stack's guard page" : "a stack";
    }
    if (address >= reinterpret_cast<uptr>(__image_start)) {
        for (Part const& part : parts) {
            if (address < reinterpret_cast<uptr>(part.end)) {
                return part.name;
            }
        }
    }
    return "nothing";
}

const char* execution_words(Syndrome syndrome, uptr address) {
    if (is_null(address)) {
        return "call through a null pointer";
    }
    if (!syndrome.is_permission()) {
        return "execution of unmapped memory";
    }
    return is_device(address) ? "execution of device memory" : "execution of data";
}

const char* access_words(Syndrome syndrome, uptr address) {
    bool const write = syndrome.is_write();
    if (syndrome.is_external()) {
        return write ? "write that no device answered" : "read that no device answered";
    }
    if (syndrome.is_alignment()) {
        return write ? "misaligned write" : "misaligned read";
    }
    if (is_null(address)) {
        return write ? "write through a null pointer" : "read through a null pointer";
    }
    if (syndrome.is_permission() && write) {
        return "write to read-only memory";
    }
    if (syndrome.is_translation()) {
        return write ? "write to unmapped memory" : "read of unmapped memory";
    }
    return write ? "failed write" : "failed read";
}

const char* synchronous_words(Syndrome syndrome, uptr address) {
    if (syndrome.is_instruction_abort()) {
        return execution_words(syndrome, address);
    }
    if (syndrome.is_data_abort()) {
        return access_words(syndrome, address);
    }
    switch (syndrome.exception_class()) {
        case Syndrome::kUnknown:
            return "undefined instruction";
        case Syndrome::kFpAccess:
            return "use of FP or SIMD registers, which the kernel does not save";
        case Syndrome::kPcAlignment:
            return "misaligned program counter";
        case Syndrome::kSpAlignment:
            return "misaligned stack pointer";
        case Syndrome::kBrk:
            return "BRK instruction: a trap that the compiler or a person has put there";
        default:
            return "unexpected exception";
    }
}

}  // namespace

TrapFrame const& capture_registers() {
    TrapFrame& captured = g_captured[port::Cpu::this_cpu().id];
    pivot_capture(&captured);
    // Two functions up: from here to the one that called us, from that to the one that called it.
    auto const* record = reinterpret_cast<uptr const*>(__builtin_frame_address(0));
    record = reinterpret_cast<uptr const*>(record[0]);
    captured.elr = captured.x[30] = record[1];
    captured.x[29] = record[0];
    return captured;
}

bool is_top_half(TrapFrame const& frame) { return (frame.spsr & 1) != 0; }

uptr guard_hit(TrapFrame const& frame) {
    Syndrome const syndrome{frame.esr};
    if (!syndrome.is_data_abort() || !syndrome.has_address()) {
        return 0;
    }
    port::StackRange const stack = port::stack_at(frame.far);
    return frame.far < stack.bottom ? stack.bottom : 0;
}

const char* port_stack_name(uptr bottom) {
    for (PerCpu const& cpu : pivot_percpu) {
        bool const own = &cpu == &port::Cpu::this_cpu();
        if (bottom == cpu.interrupt_stack) {
            return own ? "the interrupt stack" : "another CPU's interrupt stack";
        }
        if (bottom == cpu.emergency_stack) {
            return own ? "the emergency stack" : "another CPU's emergency stack";
        }
    }
    return nullptr;
}

const char* fault_words(TrapFrame const& frame) {
    constexpr u64 kFromEl0 = 8;
    if (frame.vector >= kFromEl0) {
        return "exception from EL0, where nothing runs";
    }
    switch (frame.vector % 4) {
        case 0:
            return synchronous_words(Syndrome{frame.esr}, frame.far);
        case 2:
            return "unexpected FIQ";
        case 3:
            return "SError: an access that failed after its instruction";
        default:
            return "unexpected IRQ";
    }
}

void print_fault(TrapFrame const& frame) {
    Syndrome const syndrome{frame.esr};
    print("  {}: ", kVectors[frame.vector % 16]);
    if (frame.vector % 4 == 0 || frame.vector % 4 == 3) {
        print("{}", class_name(syndrome));
    }
    if (syndrome.is_data_abort() || syndrome.is_instruction_abort()) {
        print(": {}", status_name(syndrome));
        if (u32 const level = status_level(syndrome); level < 4) {
            print(", level {}", level);
        }
    }
    if (syndrome.exception_class() == Syndrome::kBrk) {
        print(" #{}", syndrome.comment());
    }
    if (frame.vector % 4 == 0 && syndrome.has_address()) {
        print(", at {x16} ({})", frame.far, place_of(frame.far));
    }
    print("\n");
}

void print_registers(TrapFrame const& frame) {
    log("  pc  {x16}  sp  {x16}  spsr {x8}", frame.elr, frame.sp, frame.spsr);
    if (frame.vector != kNoVector) {
        log("  esr {x16}  far {x16}", frame.esr, frame.far);
    }
    for (u32 i = 0; i < 31; ++i) {
        print("  x{-2} {x16}{}", i, frame.x[i], i % 4 == 3 || i == 30 ? "\n" : "");
    }
}

}  // namespace pivot
