// What boot must have achieved, wherever it began: checked from within, at every exception level of
// entry, as ELF and as arm64 Image, under firmware and without (boot.cmake).
#include "boot.hpp"
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/base/log.hpp"
#include "kern/base/stack.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/boot_map.hpp"
#include "tests/target/command.hpp"

extern "C" {
extern char __image_start[], __text_end[], __rodata_end[], __image_end[];
extern const pivot::GuardRange __guards_start[], __guards_end[];
}

namespace pivot {
namespace {

constinit u32 g_checks = 0;
constinit u32 g_failures = 0;
constinit volatile u64 g_never_written[4096]{};  // in .bss
constinit volatile u64 g_fired_at = 0;
constinit int g_nothing = 0;

void check(bool holds, const char* what) {
    ++g_checks;
    if (!holds) {
        ++g_failures;
        log("FAILED: {}", what);
    }
}

uptr at(const char* label) { return reinterpret_cast<uptr>(label); }

void check_cpu() {
    using port::read_sysreg;
    using port::Sysreg;
    constexpr u64 kMmuAndCaches = 1u << 0 | 1u << 2 | 1u << 12;  // SCTLR_EL1.M, C, I
    constexpr u64 kNoLowerWalks = 1u << 7;                       // TCR_EL1.EPD0
    check(read_sysreg<Sysreg::currentel>() >> 2 == 1, "runs at EL1");
    check(read_sysreg<Sysreg::spsel>() == 0, "a thread runs on SP_EL0");
    check((read_sysreg<Sysreg::sctlr_el1>() & kMmuAndCaches) == kMmuAndCaches,
          "MMU and both caches are on");
    check((read_sysreg<Sysreg::tcr_el1>() & kNoLowerWalks) != 0, "nothing is mapped by TTBR0");
    check(test::BootMap::physical_of(test::BootMap::physical_of(at(__image_start))) == ~u64{0},
          "the identity map is gone");
}

struct Totals {
    u64 text = 0;
    u64 rodata = 0;
    u64 data = 0;
    u64 devices = 0;
    u64 elsewhere = 0;
    bool writable_and_executable = false;
    bool for_el0 = false;
    bool wrong_rights = false;
    bool wrong_type = false;
};

void count_mapping(Totals& totals, test::Mapping const& map) {
    constexpr u32 kWriteBack = 0xff;
    constexpr u32 kDeviceNgnre = 0x04;
    bool const device = map.address >= port::kDeviceBase;
    bool const text = !device && map.address < at(__text_end);
    bool const rodata = !device && !text && map.address < at(__rodata_end);
    bool const data = !device && !text && !rodata && map.address < at(__image_end);
    u64& total = device   ? totals.devices
                 : text   ? totals.text
                 : rodata ? totals.rodata
                 : data   ? totals.data
                          : totals.elsewhere;
    total += map.bytes;
    totals.writable_and_executable |= map.is_writable() && map.is_executable();
    totals.for_el0 |= map.is_for_el0() || map.is_executable_at_el0();
    totals.wrong_rights |= map.is_executable() != text || map.is_writable() != (device || data);
    totals.wrong_type |= map.memory_type() != (device ? kDeviceNgnre : kWriteBack);
}

void check_map() {
    test::BootMap const map(at(__image_start));
    Totals totals;
    map.for_each([&](test::Mapping const& mapping) { count_mapping(totals, mapping); });
    u64 guards = 0;
    bool guard_is_mapped = false;
    bool stack_is_not = false;
    for (GuardRange const* range = __guards_start; range != __guards_end; ++range) {
        for (usize i = 0; i < range->count; ++i, guards += kPage) {
            uptr const guard = reinterpret_cast<uptr>(range->first) + i * range->stride;
            guard_is_mapped |= map.physical_of(guard) != ~u64{0};
            stack_is_not |= map.physical_of(guard + kPage) == ~u64{0} ||
                            map.physical_of(guard + range->stride - 8) == ~u64{0};
        }
    }
    check(!totals.writable_and_executable, "nothing is both writable and executable");
    check(!totals.for_el0, "nothing is open to EL0");
    check(!totals.wrong_rights, ".text is RX, .rodata R, data and devices RW");
    check(!totals.wrong_type, "memory is write-back, devices are nGnRE");
    check(totals.text == at(__text_end) - at(__image_start), "all of .text is mapped");
    check(totals.rodata == at(__rodata_end) - at(__text_end), "all of .rodata is mapped");
    check(totals.data == at(__image_end) - at(__rodata_end) - guards,
          "all data is mapped but the guard pages");
    check(totals.devices != 0 && totals.elsewhere == 0, "nothing else is mapped but devices");
    check(guards != 0 && !guard_is_mapped, "no guard page is mapped");
    check(!stack_is_not, "every stack is mapped above its guard page");
    log("map: text {} KiB, rodata {} KiB, data {} KiB, guards {} KiB, devices {} KiB",
        totals.text / 1024, totals.rodata / 1024, totals.data / 1024, guards / 1024,
        totals.devices / 1024);
}

void check_bss() {
    u64 any = 0;
    for (auto const& word : g_never_written) {
        any |= word;
    }
    check(any == 0, ".bss is zero");
}

void timer_top_half(TopHalf<Ipl::sched> const&, int&) {
    g_fired_at = PhysicalTimer::now();
    PhysicalTimer::quiet();
}

void check_interrupts(MayBlock const& context) {
    check(BoardLines::request<&timer_top_half>(Board::kPhysicalTimerLine, "timer", g_nothing) ==
              LineError::none,
          "the physical timer's line can be had");
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    u64 const deadline = PhysicalTimer::now() + counter_hz() / 1000;
    PhysicalTimer::arm(deadline);
    for (u64 const end = counter() + counter_hz() * 5; g_fired_at == 0 && counter() < end;) {
    }
    check(g_fired_at >= deadline, "the physical timer interrupts");

    u64 const begin = counter();
    Clock::sleep_ns(context, 1'000'000);
    check(counter() - begin >= Clock::ticks_of_ns(1'000'000), "sleeps for a millisecond and wakes");
}

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    log("boot: {}, entered at EL{}, image at {x8}", Board::kName, pivot_entry_level,
        test::BootMap::physical_of(at(__image_start)));
    check_cpu();
    check_map();
    check_bss();
    check_interrupts(context);
    log("boot: {} checks, {} failed", g_checks, g_failures);
    if (command.has("stay")) {
        Clock::sleep_ns(context, 60'000'000'000);  // while the others are looked at (parked.py)
    }
    machine_exit(g_failures == 0 ? 0 : 1);
}

}  // namespace pivot
