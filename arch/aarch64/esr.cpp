#include "esr.hpp"

namespace pivot::port {
namespace {

struct Name {
    u32 value;
    const char* text;
};

// D17.2.37, "EC, bits [31:26]"
constexpr Name kClasses[] = {
    {0x00, "unknown reason"},
    {0x01, "trapped WFI or WFE"},
    {0x07, "access to FP or SIMD registers"},
    {0x0e, "illegal execution state"},
    {0x15, "SVC instruction"},
    {0x16, "HVC instruction"},
    {0x17, "SMC instruction"},
    {0x18, "trapped MSR, MRS or system instruction"},
    {0x20, "instruction abort from a lower level"},
    {0x21, "instruction abort"},
    {0x22, "PC alignment fault"},
    {0x24, "data abort from a lower level"},
    {0x25, "data abort"},
    {0x26, "SP alignment fault"},
    {0x2f, "SError interrupt"},
    {0x30, "breakpoint from a lower level"},
    {0x31, "breakpoint"},
    {0x32, "software step from a lower level"},
    {0x33, "software step"},
    {0x34, "watchpoint from a lower level"},
    {0x35, "watchpoint"},
    {0x3c, "BRK instruction"},
};

// "DFSC, bits [5:0]": those that carry a level in bits [1:0], as the value for level 0.
constexpr Name kLevelled[] = {
    {0x00, "address size fault"},
    {0x04, "translation fault"},
    {0x08, "access flag fault"},
    {0x0c, "permission fault"},
    {0x14, "external abort on a table walk"},
    {0x1c, "parity or ECC error on a table walk"},
};

constexpr Name kSingle[] = {
    {0x10, "synchronous external abort"},
    {0x18, "parity or ECC error"},
    {0x21, "alignment fault"},
    {0x30, "TLB conflict"},
    {0x31, "unsupported atomic update"},
    {0x34, "lockdown"},
    {0x35, "unsupported exclusive or atomic access"},
};

template <usize Count>
const char* find(Name const (&table)[Count], u32 value) {
    for (Name const& name : table) {
        if (name.value == value) {
            return name.text;
        }
    }
    return nullptr;
}

}  // namespace

const char* class_name(Syndrome syndrome) {
    const char* const name = find(kClasses, syndrome.exception_class());
    return name != nullptr ? name : "reserved exception class";
}

const char* status_name(Syndrome syndrome) {
    const char* name = find(kSingle, syndrome.fault_status());
    if (name == nullptr) {
        name = find(kLevelled, syndrome.fault_status() & ~3u);
    }
    return name != nullptr ? name : "reserved fault status";
}

u32 status_level(Syndrome syndrome) {
    constexpr u32 kNone = 4;
    bool const single = find(kSingle, syndrome.fault_status()) != nullptr;
    bool const levelled = find(kLevelled, syndrome.fault_status() & ~3u) != nullptr;
    return levelled && !single ? syndrome.fault_status() & 3 : kNone;
}

}  // namespace pivot::port
