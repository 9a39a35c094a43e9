// lock_or_defer on several CPUs at once, with real races: each CPU has a line whose top half wants
// the one mutex, and a thread that takes it, sleeps with it now and then, and asks every CPU's line
// to come. At the end each time that a line came has been served, alone.
#include "intr/deferral.hpp"

#include "arch/board/board.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "tests/target/check.hpp"
#include "tests/target/on_cpu.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr u32 kMostCpus = 4;
constexpr u32 kRounds = 3000;
constexpr u32 kFirstLine = Board::kSpareLines[2].intid() + 1;
constexpr u64 kSleepNs = 20'000;
constexpr u32 kPauses = 16;

constinit AdaptiveMutex g_mutex{"torn"};
constinit u32 g_inside = 0;
constinit u32 g_ready = 0;
PIVOT_STACKS(g_stacks, kMostCpus, 8192);

void be_inside() {
    CHECK_EQUAL(atomic::fetch_add(&g_inside, 1u), 0u);
    CHECK(g_mutex.owner() == &current_thread());
    CHECK_EQUAL(atomic::fetch_add(&g_inside, ~u32{0}), 1u);
}

void serve(MayBlock const& context, struct Port& port);

struct Port {
    Thread thread{"torturer"};
    u32 id = 0;
    u32 asked = 0, served = 0, deferred = 0;
    LockedContinuation after = LockedContinuation::to<&serve>(Ipl::softbio, g_mutex, *this);

    [[nodiscard]] LineId line() const { return LineId{kFirstLine + id}; }
};
constinit Port g_ports[kMostCpus]{};

LineEnd top_half(TopHalf<Ipl::vm> const& context, Port& port) {
    CHECK_EQUAL(port.asked, port.served);  // or else it is active
    ++port.asked;
    auto const lock = lock_or_defer(context, g_mutex, port.after);
    if (lock.is_taken()) {
        be_inside();
        ++port.served;
    } else {
        ++port.deferred;
    }
    return lock.end();
}

void serve(MayBlock const& context, Port& port) {
    be_inside();
    CHECK(Gic::is_active(port.line().intid()));
    if (port.deferred % 64 == 0) {
        Clock::sleep_ns(context, kSleepNs);
        be_inside();
    }
    ++port.served;
}

void torture(MayBlock const& context, Port& self) {
    CHECK(BoardLines::request<&top_half>(self.line(), "torn", self) == LineError::none);
    CHECK(BoardLines::set_trigger(self.line(), Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(self.line()) == LineError::none);
    u32 const cpus = cpus_online() < kMostCpus ? cpus_online() : kMostCpus;
    atomic::fetch_add(&g_ready, 1u);
    wait_until([&] { return atomic::load_acquire(&g_ready) == cpus; }, "the others");
    for (u32 round = 0; round < kRounds; ++round) {
        for (u32 pause = 0; pause < kPauses; ++pause) {
            cpu_relax();  // so that it is free at times, and others see that
        }
        AdaptiveGuard const guard(g_mutex, context);
        be_inside();
        Gic::pend(kFirstLine + (round + self.id) % cpus);
        if (round % 256 == self.id) {
            Clock::sleep_ns(context, kSleepNs);
        }
        for (u32 pause = 0; pause < round % kPauses; ++pause) {
            cpu_relax();
        }
        be_inside();
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    u32 const cpus = cpus_online() < kMostCpus ? cpus_online() : kMostCpus;
    CHECK(current_thread().set_priority(context, 20) == ThreadError::none);
    for (u32 id = 0; id < cpus; ++id) {
        g_ports[id].id = id;
        CHECK(g_ports[id].thread.start_on<&torture>(cpu_of(id), g_stacks[id], 5, g_ports[id]) ==
              ThreadError::none);
    }
    u32 deferred = 0, asked = 0, spun = 0;
    for (u32 id = 0; id < cpus; ++id) {
        CHECK(g_ports[id].thread.join(context) == ThreadError::none);
    }
    Clock::sleep_ns(context, 100 * kSleepNs);
    for (u32 id = 0; id < cpus; ++id) {
        Port const& port = g_ports[id];
        wait_until([&] { return atomic::load_relaxed(&port.served) == port.asked; }, "a service");
        wait_until([&] { return line_holds(port.line().intid()) == 0; }, "the end of a hold");
        CHECK(!Gic::is_active(port.line().intid()));
        CHECK(!port.after.is_queued());
        CHECK_EQUAL(port.thread.priority(), port.thread.base_priority());
        asked += port.asked;
        deferred += port.deferred;
        spun += line_info(port.line().intid()).locks_spun;
    }
    CHECK(g_mutex.owner() == nullptr);
    CHECK(deferred != 0);
    log("{} CPUs: {} asked, {} spun for, {} deferred", cpus, asked, spun, deferred);
    passed("deferral_torture");
}

}  // namespace pivot
