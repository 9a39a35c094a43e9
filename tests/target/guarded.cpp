// The mixed-guard checker and illegal lowering on the target: each found, one a run, without a race
// that has to happen (locks.cmake has the texts). "allowed" does what comes near and is right.
#include "mutex/guarded.hpp"

#include "arch/board/board.hpp"
#include "intr/line.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "mutex/guard_report.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/command.hpp"

namespace pivot {
namespace {

constinit Guarded<u64> g_ring{"uart ring", 0u};
constinit SpinMutex<Ipl::vm> g_mutex{"uart"};
constinit int g_nothing = 0;

[[gnu::noipa]] void ring_top_half(TopHalf<Ipl::vm> const&, int&) { ++*g_ring.write(); }

[[gnu::noipa]] void mutex_top_half(TopHalf<Ipl::vm> const& context, int&) {
    SpinGuard const guard(g_mutex, context);
    ++*g_ring.write();
}

template <auto Body>
void interrupt_with() {
    LineId const line = Board::kSpareLines[0];
    (void)BoardLines::request<Body>(line, "spare", g_nothing);
    (void)BoardLines::enable(line);
    (void)BoardLines::pend(line);
    u32 const before = this_cpu().lines[line.intid()].count;
    for (u64 const end = counter() + counter_hz() / 10;
         counter() < end && this_cpu().lines[line.intid()].count == before;) {
    }
    (void)BoardLines::release(line);
}

[[gnu::noipa]] void read_under_nothing() { (void)*g_ring.read(); }

[[gnu::noipa]] void write_under_spl() {
    SplGuard const hold(Ipl::vm);
    ++*g_ring.write();
}

void forgets(MayBlock const&) {
    write_under_spl();
    interrupt_with<&ring_top_half>();
    read_under_nothing();
}

void mixed(MayBlock const&) {
    write_under_spl();
    interrupt_with<&mutex_top_half>();
    LockOrder::set_fatal(false);
    write_under_spl();  // on one CPU the SPL keeps that top half out
    log("{} clashes on one CPU", GuardReport::count());
    LockOrder::set_fatal(true);
    read_under_nothing();
}

[[gnu::noipa]] void lower_to(Spl old) { splx(old); }

void lowers(MayBlock const&) {
    Spl const before = spl_current();
    SplGuard const hold(Ipl::vm);
    lower_to(before);
}

void allowed(MayBlock const&) {
    for (u32 i = 0; i < 3; ++i) {
        write_under_spl();
        interrupt_with<&ring_top_half>();
    }
    SplGuard const outer(Ipl::vm);
    { SplGuard const inner(Ipl::high); }
    log("{} written, {} clashes", *g_ring.read(), GuardReport::count());
}

struct Deed {
    const char* name;
    void (*run)(MayBlock const& context);
};
constexpr Deed kDeeds[] = {
    {"forgets", &forgets}, {"mixed", &mixed}, {"lowers", &lowers}, {"allowed", &allowed}};

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    for (Deed const& deed : kDeeds) {
        if (command.has(deed.name)) {
            deed.run(context);
            machine_exit(0);
        }
    }
    log("no such deed");
    machine_exit(1);
}

}  // namespace pivot
