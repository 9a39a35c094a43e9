// lock_or_defer when the owner runs on another CPU: it is spun for, and not longer than the bound
// says.
#include "intr/deferral.hpp"

#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/on_cpu.hpp"
#include "tests/target/probes.hpp"

PIVOT_STACK(deferral_owner_stack, 8192);

namespace pivot {
namespace {

using namespace test;

constexpr LineId kSpi{Board::kSpareLines[2].intid() + 1};

void serve(MayBlock const& context, int&);

int g_served = 0;
u64 g_waited = 0;  // ticks, in lock_or_defer
bool g_taken = false;
constinit AdaptiveMutex g_mutex{"port"};
constinit LockedContinuation g_after =
    LockedContinuation::to<&serve>(Ipl::softnet, g_mutex, g_served);

void serve(MayBlock const&, int& served) { atomic::fetch_add(&served, 1); }

LineEnd top_half(TopHalf<Ipl::vm> const& context, int&) {
    u64 const begin = counter();
    auto const lock = lock_or_defer(context, g_mutex, g_after);
    g_waited = counter() - begin;
    g_taken = lock.is_taken();
    return lock.end();
}

// The other CPU: owns the mutex for as long as it is told.
struct Owner {
    Thread thread{"owner"};
    u64 holds_ns = 0;
    bool has_it = false;
};
constinit Owner g_owner{};

void own(MayBlock const& context, Owner& self) {
    AdaptiveGuard const guard(g_mutex, context);
    atomic::store_release(&self.has_it, true);
    u64 const end = counter() + Clock::ticks_of_ns(self.holds_ns);
    while (counter() < end) {
        cpu_relax();
    }
}

// Returns how many ns the top half spent in lock_or_defer.
u64 wait_for(MayBlock const& context, u64 holds_ns) {
    g_owner.holds_ns = holds_ns;
    g_owner.has_it = false;
    int const served = g_served;
    CHECK(g_owner.thread.start_on<&own>(cpu_of(1), deferral_owner_stack, 5, g_owner) ==
          ThreadError::none);
    wait_until([] { return atomic::load_acquire(&g_owner.has_it); }, "the owner");
    Board::Controller::pend(kSpi.intid());
    port::dsb_sy();
    port::isb();
    CHECK(g_owner.thread.join(context) == ThreadError::none);
    if (!g_taken) {
        wait_until([&] { return atomic::load_relaxed(&g_served) == served + 1; }, "the run");
        wait_until([] { return line_holds(kSpi.intid()) == 0; }, "the line's end");
    }
    CHECK(!Board::Controller::is_active(kSpi.intid()));
    return Clock::ns_of_ticks(g_waited);
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(BoardLines::request<&top_half>(kSpi, "port", g_served) == LineError::none);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    LineInfo const& info = line_info(kSpi.intid());
    Board::Controller::pend(kSpi.intid());
    port::dsb_sy();
    port::isb();
    CHECK(g_taken);
    log("free: taken after {} ns", Clock::ns_of_ticks(g_waited));
    // A look takes some instructions, of both CPUs: they share the exact clock.
    constexpr u64 kALook = 1'000;
    for (u64 const holds_ns : {1'000, 2'000, 4'000}) {
        u64 const waited = wait_for(context, holds_ns);
        log("owned for {} ns: spun for {} ns", holds_ns, waited);
        CHECK(g_taken);
        CHECK(waited <= holds_ns + kALook);
    }
    CHECK_EQUAL(info.locks_spun + info.locks_taken, 4);
    for (u64 const holds_ns : {20'000, 1'000'000}) {
        u64 const waited = wait_for(context, holds_ns);
        log("owned for {} ns: deferred after {} ns", holds_ns, waited);
        CHECK(!g_taken);
        CHECK(waited >= Deferral::kLongestSpinNs);
        CHECK(waited <= Deferral::kLongestSpinNs + kALook);
    }
    CHECK_EQUAL(info.locks_deferred, 2);
    check_calm();
    passed("deferral_smp");
}

}  // namespace pivot
