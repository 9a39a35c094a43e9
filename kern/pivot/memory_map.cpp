// mem: what is mapped, with its permissions, as the page tables have it.
//
// Who: the shell's thread. Lock order: none; the tables change no more after the boot.
// Source: Arm ARM D8.3 (VMSAv8-64 descriptors, 4 KiB granule).
#include "kern/base/log.hpp"
#include "kern/pivot/extend.hpp"
#include "mmu.hpp"

extern "C" {
extern char __image_start[], __text_end[], __rodata_end[], __data_end[], __image_end[];
}

namespace pivot {
namespace {

constexpr u64 kUpperHalf = ~u64{0} << 39;  // TTBR1's 39 bits
constexpr u32 kEntries = 512;
constexpr u64 kPageSize = 4096;
constexpr u64 kAddress = 0x0000'ffff'ffff'f000;

constexpr u64 kValid = 1u << 0;
constexpr u64 kTable = 1u << 1;       // a table; at level 3, a page
constexpr u64 kAttributes = 7u << 2;  // the MAIR's index: 0 normal memory, 1 device
constexpr u64 kReadOnly = u64{1} << 7;
constexpr u64 kNoExec = u64{1} << 53;  // PXN: not by us

// Neighbours that are mapped alike are one, with the pages in between that are not mapped.
struct Range {
    u64 first = 0;
    u64 end = 0;
    u64 how = 0;
    u64 holes = 0;
};

const char* what_is_at(u64 address) {
    auto const before = [&](char const* end) { return address < reinterpret_cast<u64>(end); };
    if (!before(__image_start) && before(__image_end)) {
        return before(__text_end) ? "code" : before(__rodata_end) ? "constants" : "data and stacks";
    }
    return "devices";
}

void show(Range const& range) {
    if (range.end == range.first) {
        return;
    }
    print("{x16} {x16} {9} KiB  r{}{}  {-7} {}", range.first, range.end,
          (range.end - range.first) / 1024, (range.how & kReadOnly) != 0 ? "-" : "w",
          (range.how & kNoExec) != 0 ? "-" : "x",
          (range.how & kAttributes) == 0 ? "normal" : "device", what_is_at(range.first));
    if (range.holes != 0) {
        print(", {} pages unmapped", range.holes);
    }
    print("\n");
}

void add(Range& range, u64 address, u64 size, u64 descriptor) {
    u64 const how = descriptor & (kAttributes | kReadOnly | kNoExec);
    constexpr u64 kApart = u64{1} << 30;
    if (range.end == range.first || how != range.how || address - range.end >= kApart) {
        show(range);
        range = {.first = address, .end = address, .how = how, .holes = 0};
    }
    range.holes += (address - range.end) / kPageSize;
    range.end = address + size;
}

// The tables lie in the image, whose first byte is at a physical address that the boot has kept.
u64 const* table_at(u64 physical) {
    u64 const offset = (physical & kAddress) - pivot_boot_map.image;
    return reinterpret_cast<u64 const*>(reinterpret_cast<u64>(__image_start) + offset);
}

// A function for each level, not one that calls itself: so the depth of the stack is known.
template <u32 Level>
void walk(Range& range, u64 const* table, u64 base) {
    constexpr u64 kSize = kPageSize << (9 * (3 - Level));
    for (u32 i = 0; i < kEntries; ++i) {
        u64 const descriptor = table[i];
        if ((descriptor & kValid) == 0) {
            continue;
        }
        if constexpr (Level != 3) {
            if ((descriptor & kTable) != 0) {
                walk<Level + 1>(range, table_at(descriptor), base + i * kSize);
                continue;
            }
        }
        add(range, base + i * kSize, kSize, descriptor);
    }
}

bool show_memory(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("{-16} {-16} {9}      may  memory  what", "from", "to", "size");
    Range range;
    walk<1>(range, table_at(pivot_boot_map.ttbr1), kUpperHalf);
    show(range);
    return true;
}
PIVOT_COMMAND(g_memory) = {"mem", "", "what is mapped, and what may be done there", &show_memory};

}  // namespace
}  // namespace pivot
