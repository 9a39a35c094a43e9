// Every kind of fault, one a run: the command line names it. Each must end in a panic that says in
// words what happened, with a backtrace that names the function at fault (faults.cmake has the
// texts).
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"
#include "tests/target/command.hpp"
#include "tests/target/fiq.hpp"

PIVOT_STACK(g_digger_stack, 4096);

namespace pivot {
namespace {

using Address = volatile u64*;

constinit u64 g_data[8] = {0xd65f03c0d65f03c0};  // RET, twice: would do no harm if it could run
constexpr u64 g_constants[8] = {1, 2, 3};
constinit Thread g_digger{"digger"};
constinit u32 g_bottom = 0;  // where recursion would end
constinit int g_nothing = 0;
constexpr u64 kNoDevice = 0x0910'0000;  // mapped among the devices, but nothing answers there

[[gnu::noipa]] u64 read_from(uptr address) { return *reinterpret_cast<Address>(address); }

// Exclusive accesses must be aligned even where ordinary ones need not be.
[[gnu::noipa]] void read_exclusively(uptr address) {
    u64 value;
    asm volatile("ldxr %0, [%1]" : "=r"(value) : "r"(address) : "memory");
}

[[gnu::noipa]] void write_to(uptr address) { *reinterpret_cast<Address>(address) = 0; }

[[gnu::noipa]] void call_at(uptr address) { reinterpret_cast<void (*)()>(address)(); }

[[gnu::noipa]] u64 dig(u64 depth) {
    volatile u64 hole[16];
    hole[depth % 16] = depth;
    return depth == g_bottom ? depth : dig(depth + 1) + hole[depth % 16];
}

void dig_thread(MayBlock const&, int&) { (void)dig(1); }

void dig_top_half(TopHalf<Ipl::sched> const&, int&) { (void)dig(1); }

void null_top_half(TopHalf<Ipl::vm> const&, int&) { (void)read_from(24); }

void null_bottom_half(MayBlock const&, int&) { (void)read_from(32); }

constinit Continuation g_bottom_half = Continuation::to<&null_bottom_half>(Ipl::softbio, g_nothing);

void schedule_top_half(TopHalf<Ipl::vm> const& context, int&) { g_bottom_half.schedule(context); }

void spin_for_a_second() {
    for (u64 const end = counter() + counter_hz(); counter() < end;) {
    }
}

// Runs a top half now: the spare line has no device but fires when it is pended.
template <auto TopHalfFunction>
[[gnu::noipa]] void interrupt_with() {
    (void)BoardLines::request<TopHalfFunction>(Board::kSpareLines[0], "spare", g_nothing);
    (void)BoardLines::enable(Board::kSpareLines[0]);
    (void)BoardLines::pend(Board::kSpareLines[0]);
    spin_for_a_second();
}

// -- nesting: thread -> first_top_half -> second_top_half -> panic

void second_top_half(TopHalf<Ipl::high> const&, int&) { panic("two deep"); }

void first_top_half(TopHalf<Ipl::vm> const&, int&) {
    (void)BoardLines::pend(Board::kSpareLines[1]);
    spin_for_a_second();
}

void nested(MayBlock const&) {
    (void)BoardLines::request<&second_top_half>(Board::kSpareLines[1], "second", g_nothing);
    (void)BoardLines::enable(Board::kSpareLines[1]);
    interrupt_with<&first_top_half>();
}

// -- what the machine does not do by itself

void fiq(MayBlock const&) {
    test::signal_as_fiq(Board::kSpareLines[0].intid());
    spin_for_a_second();
}

// The SError vector, entered the way the hardware does, with the syndrome of one: QEMU's CPUs
// report every failed access at once, as an abort, and an SError is injected from EL2 only.
void serror(MayBlock const&) {
    constexpr u64 kSyndrome = 0xbe000000;  // EC 0x2f, IL
    constexpr u64 kFromThread = 0x3c4;     // DAIF, EL1t
    asm volatile(
        "msr daifset, #0xf\n"
        "adr x9, 1f\n"
        "msr elr_el1, x9\n"
        "msr spsr_el1, %1\n"
        "msr esr_el1, %0\n"
        "ldr x9, =pivot_vectors + 0x180\n"
        "1: msr spsel, #1\n"
        "br x9" ::"r"(kSyndrome),
        "r"(kFromThread)
        : "x9", "memory");
}

// A panic whose detail cannot be read: the report itself faults.
void within(MayBlock const&) { panic("the first of two", reinterpret_cast<const char*>(8)); }

struct Deed {
    const char* name;
    void (*run)(MayBlock const& context);
};

constexpr Deed kDeeds[] = {
    {"thread-stack",
     [](MayBlock const&) { (void)g_digger.start<&dig_thread>(g_digger_stack, 20, g_nothing); }},
    {"interrupt-stack", [](MayBlock const&) { interrupt_with<&dig_top_half>(); }},
    {"foreign-guard", [](MayBlock const&) { write_to(g_digger_stack.bottom() - 8); }},
    {"null-read", [](MayBlock const&) { (void)read_from(16); }},
    {"null-write", [](MayBlock const&) { write_to(0); }},
    {"null-call", [](MayBlock const&) { call_at(0); }},
    {"null-top-half", [](MayBlock const&) { interrupt_with<&null_top_half>(); }},
    {"null-bottom-half", [](MayBlock const&) { interrupt_with<&schedule_top_half>(); }},
    {"raised-bottom-half",
     [](MayBlock const&) {
         SplGuard const hold(Ipl::softclock);
         interrupt_with<&schedule_top_half>();
     }},
    {"stray-write", [](MayBlock const&) { write_to(0xffff'ffa0'1234'5678 & ~7ul); }},
    {"lower-half-read", [](MayBlock const&) { (void)read_from(0x4020'0000); }},
    {"write-text", [](MayBlock const&) { write_to(reinterpret_cast<uptr>(&dig)); }},
    {"write-rodata", [](MayBlock const&) { write_to(reinterpret_cast<uptr>(g_constants)); }},
    {"run-data", [](MayBlock const&) { call_at(reinterpret_cast<uptr>(g_data)); }},
    {"run-device", [](MayBlock const&) { call_at(port::Cpu::device_address(Board::kUart)); }},
    {"run-unaligned", [](MayBlock const&) { call_at(reinterpret_cast<uptr>(&dig) + 2); }},
    {"read-no-device",
     [](MayBlock const&) { (void)read_from(port::Cpu::device_address(kNoDevice)); }},
    {"misaligned", [](MayBlock const&) { read_exclusively(reinterpret_cast<uptr>(g_data) + 1); }},
    {"undefined", [](MayBlock const&) { asm volatile("udf #7"); }},
    {"brk", [](MayBlock const&) { __builtin_trap(); }},
    {"fp", [](MayBlock const&) { asm volatile(".inst 0x1e604000"); }},  // fmov d0, d0
    {"serror", &serror},
    {"fiq", &fiq},
    {"nested", &nested},
    {"within", &within},
    {"panic", [](MayBlock const&) { panic("on purpose", "from a test"); }},
};

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    for (auto const& deed : kDeeds) {
        if (test::same(deed.name, command.word(0))) {
            log("fault: {}", deed.name);
            deed.run(context);
            log("nothing has happened");
            machine_exit(1);
        }
    }
    log("no fault is called '{}'", command.word(0));
    machine_exit(2);
}

}  // namespace pivot
