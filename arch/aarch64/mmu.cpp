// The kernel's address map: built once, before the MMU is on, and never grown.
//
//   0xffffff80'00000000 + n   the image, page by page: .text RX, .rodata RO, .data and .bss RW
//   0xffffffc0'00000000 + pa  devices, 2 MiB blocks, Device-nGnRE
//   lower half                empty (TTBR0), for address spaces: interrupts do not care
//
// Nothing is writable and executable. A page below every stack is unmapped (kern/base/stack.hpp).
// Who: boot only, on the boot CPU; the others load what it has built. Lock order: none.
// Source: Arm ARM D8.3 (VMSAv8-64, 4 KiB granule).
//
// pivot_mmu_build runs at physical addresses: it may use symbols (ADRP) but no pointer stored in
// memory.

#include "mmu.hpp"
#include "arch/contract/platform.hpp"
#include "cpu.hpp"
#include "kern/base/stack.hpp"

extern "C" {
extern char __image_start[], __text_end[], __rodata_end[], __image_end[];
extern const pivot::GuardRange __guards_start[], __guards_end[];
pivot::u64 pivot_empty_table_physical;
}

namespace pivot::port {
namespace {

constexpr u32 kEntries = 512;
constexpr u32 kImageTables = 16;  // 2 MiB each; link.ld asserts that the image fits
constexpr u32 kDeviceTables = 4;  // 1 GiB each
constexpr u64 kImageBase = 0xffff'ff80'0000'0000;

struct alignas(4096) Table {
    u64 entry[kEntries];
};

constinit Table g_root{};      // level 1, 39-bit upper half
constinit Table g_identity{};  // level 1, lower half: while a CPU turns its MMU on
constinit Table g_empty{};
constinit Table g_image_level2{};
constinit Table g_image_level3[kImageTables]{};
constinit Table g_device_level2[kDeviceTables]{};

//                                    bits    manual D8.3.2
constexpr u64 kValid = field<0, 1>(1);      // descriptor is valid
constexpr u64 kTable = field<1, 1>(1);      // table, or page at level 3
constexpr u64 kNormal = field<2, 3>(0);     // AttrIndx: MAIR 0
constexpr u64 kDevice = field<2, 3>(1);     // AttrIndx: MAIR 1
constexpr u64 kReadOnly = field<6, 2>(2);   // AP[2:1]: EL1 read only
constexpr u64 kInner = field<8, 2>(3);      // SH: inner shareable
constexpr u64 kAccessed = field<10, 1>(1);  // AF
constexpr u64 kNoExec = field<53, 2>(3);    // PXN, UXN
constexpr u64 kNoExecUser = field<54, 1>(1);

constexpr u64 kText = kValid | kNormal | kReadOnly | kInner | kAccessed | kNoExecUser;
constexpr u64 kRodata = kValid | kNormal | kReadOnly | kInner | kAccessed | kNoExec;
constexpr u64 kData = kValid | kNormal | kInner | kAccessed | kNoExec;
constexpr u64 kDevices = kValid | kDevice | kAccessed | kNoExec;

// MAIR_EL1: 0 = Normal, write-back, read/write-allocate; 1 = Device-nGnRE (D17.2.97).
constexpr u64 kMair = field<0, 8>(0xff) | field<8, 8>(0x04);

// TCR_EL1 (D17.2.131): 39-bit halves, 4 KiB granules, inner-shareable write-back walks.
constexpr u64 kTcr = field<0, 6>(25) | field<8, 2>(1) | field<10, 2>(1) | field<12, 2>(3) |
                     field<14, 2>(0) | field<16, 6>(25) | field<24, 2>(1) | field<26, 2>(1) |
                     field<28, 2>(3) | field<30, 2>(2);

constexpr u32 level1_index(u64 address) { return (address >> 30) & 511; }
constexpr u32 level2_index(u64 address) { return (address >> 21) & 511; }
constexpr u32 level3_index(u64 address) { return (address >> 12) & 511; }

u64 physical_range() {
    u64 range;
    asm("mrs %0, id_aa64mmfr0_el1" : "=r"(range));
    range &= 0xf;
    return range > 5 ? 5 : range;  // 48 bits are the most that 4 KiB pages can say here
}

u64 permissions_at(u64 offset, u64 text_end, u64 rodata_end) {
    if (offset < text_end) {
        return kText;
    }
    return offset < rodata_end ? kRodata : kData;
}

void map_image(u64 physical) {
    u64 const start = reinterpret_cast<u64>(__image_start);
    u64 const text_end = reinterpret_cast<u64>(__text_end) - start;
    u64 const rodata_end = reinterpret_cast<u64>(__rodata_end) - start;
    u64 const end = reinterpret_cast<u64>(__image_end) - start;
    g_root.entry[level1_index(kImageBase)] =
        reinterpret_cast<u64>(&g_image_level2) | kValid | kTable;
    for (u64 offset = 0; offset < end; offset += kPage) {
        Table& level3 = g_image_level3[level2_index(offset)];
        g_image_level2.entry[level2_index(offset)] =
            reinterpret_cast<u64>(&level3) | kValid | kTable;
        level3.entry[level3_index(offset)] =
            (physical + offset) | kTable | permissions_at(offset, text_end, rodata_end);
    }
}

void map_devices() {
    constexpr u64 kBlock = 2u << 20;
    u32 used = 0;
    for (DeviceRange const* range = kDeviceRanges; range->size != 0; ++range) {
        for (u64 address = range->base & ~(kBlock - 1); address < range->base + range->size;
             address += kBlock) {
            u64& slot = g_root.entry[level1_index(kDeviceBase + address)];
            if (slot == 0 && used < kDeviceTables) {
                slot = reinterpret_cast<u64>(&g_device_level2[used++]) | kValid | kTable;
            }
            auto* const level2 = reinterpret_cast<Table*>(slot & ~u64{0xfff});
            level2->entry[level2_index(address)] = address | kDevices;
        }
    }
}

}  // namespace

void unmap_guards() {
    for (GuardRange const* guard = __guards_start; guard != __guards_end; ++guard) {
        u64 address = reinterpret_cast<u64>(guard->first);
        for (usize i = 0; i < guard->count; ++i, address += guard->stride) {
            u64 const offset = address - kImageBase;
            g_image_level3[level2_index(offset)].entry[level3_index(offset)] = 0;
        }
    }
    asm volatile(
        "dsb ishst\n"     // the walker sees the cleared entries ...
        "tlbi vmalle1\n"  // ... before cached translations are dropped
        "dsb ish\n"       // ... and that is complete
        "isb" ::
            : "memory");
}

}  // namespace pivot::port

constinit pivot::port::BootMap pivot_boot_map{};

// Fills the tables for an image that was loaded at `physical`.
extern "C" pivot::port::BootMap* pivot_mmu_build(pivot::u64 physical) {
    using namespace pivot::port;
    map_image(physical);
    map_devices();
    g_identity.entry[level1_index(physical)] =
        (physical & ~((pivot::u64{1} << 30) - 1)) | kText | kValid;
    pivot_empty_table_physical = reinterpret_cast<pivot::u64>(&g_empty);
    pivot_boot_map.ttbr0 = reinterpret_cast<pivot::u64>(&g_identity);
    pivot_boot_map.ttbr1 = reinterpret_cast<pivot::u64>(&g_root);
    pivot_boot_map.tcr = kTcr | (physical_range() << 32);
    pivot_boot_map.mair = kMair;
    pivot_boot_map.image = physical;
    return &pivot_boot_map;
}
