// The system-wide SPL on several CPUs: what it keeps out, what it lets in, and that nothing is lost
// when threads and unconverted top halves of all CPUs fight for it.
#include <initializer_list>

#include "arch/board/board.hpp"
#include "intr/line.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"
#include "tests/target/on_cpu.hpp"

PIVOT_STACKS(g_worker_stacks, pivot::kMaxCpus, 4096);

namespace pivot::test {
namespace {

constexpr Spi kConverted = Board::kSpareLines[0];
constexpr Spi kUnconverted = Board::kSpareLines[1];

u32 count_on(u32 cpu, Spi line) {
    return atomic::load_relaxed(&cpu_of(cpu).lines[line.intid()].count);
}

// Long enough for another CPU to do whatever it is about to.
void let_others_run() {
    for (int i = 0; i < 2000; ++i) {
        cpu_relax();
    }
}

// -- what it keeps out

struct Device {
    u32 runs = 0;
};
constinit Device g_converted{};
constinit Device g_unconverted{};

template <Ipl L>
void note_run(TopHalf<L> const&, Device& device) {
    atomic::store_release(&device.runs, device.runs + 1);
}

u32 runs_of(Device const& device) { return atomic::load_acquire(&device.runs); }

void request_both(MayWake const&) {
    CHECK(BoardLines::request<&note_run<Ipl::vm>>(kConverted, "converted", g_converted) ==
          LineError::none);
    CHECK(BoardLines::request_unconverted<&note_run<Ipl::vm>>(kUnconverted, "unconverted",
                                                              g_unconverted) == LineError::none);
    CHECK(BoardLines::enable(kConverted) == LineError::none);
    CHECK(BoardLines::enable(kUnconverted) == LineError::none);
}

// The lines are CPU 1's. The converted one comes first, for the other one then stands in its way on
// that CPU: it waits at its own level.
void held_here_is_held_there(Ipl level, bool waits) {
    u32 const converted = runs_of(g_converted);
    u32 const unconverted = runs_of(g_unconverted);
    {
        SystemSplGuard const guard(level);
        CHECK(BoardLines::pend(kConverted) == LineError::none);
        wait_until([&] { return runs_of(g_converted) == converted + 1; }, "a converted line");
        CHECK(BoardLines::pend(kUnconverted) == LineError::none);
        if (waits) {
            let_others_run();
            CHECK_EQUAL(runs_of(g_unconverted), unconverted);
        } else {
            wait_until([&] { return runs_of(g_unconverted) == unconverted + 1; },
                       "a line above the system-wide SPL");
        }
    }
    wait_until([&] { return runs_of(g_unconverted) == unconverted + 1; }, "an unconverted line");
}

void what_it_keeps_out(MayBlock const& context) {
    run_on(1, &request_both);
    for (Ipl const level : {Ipl::vm, Ipl::sched, Ipl::high}) {
        held_here_is_held_there(level, true);
    }
    for (Ipl const level : {Ipl::softclock, Ipl::softbio, Ipl::softnet, Ipl::softserial}) {
        held_here_is_held_there(level, false);
    }
    {
        SplGuard const here(Ipl::high);  // this CPU's SPL alone is nobody else's business
        u32 const before = runs_of(g_unconverted);
        CHECK(BoardLines::pend(kUnconverted) == LineError::none);
        wait_until([&] { return runs_of(g_unconverted) == before + 1; }, "another CPU's line");
    }
    CHECK(BoardLines::release(context, kConverted) == LineError::none);
    CHECK(BoardLines::release(context, kUnconverted) == LineError::none);
}

// -- all at once: counters that only the system-wide SPL makes right

constexpr u32 kRounds = 3000;

struct Counters {
    u64 volatile of_threads = 0;     // by threads, at whatever level
    u64 volatile with_top_half = 0;  // by threads at vm and above, and by the line's top half
    u64 threads_added = 0;
    u64 shared_added = 0;  // by threads
};
constinit Counters g_counters{};

void add_slowly(u64 volatile& counter) {
    u64 const seen = counter;
    for (int i = 0; i < 5; ++i) {
        compiler_barrier();
    }
    counter = seen + 1;
}

void count_in_top_half(TopHalf<Ipl::vm> const&, Counters& counters) {
    add_slowly(counters.with_top_half);
}

struct Worker {
    Thread thread{"worker"};
    bool done = false;
};
constinit Worker g_workers[kMaxCpus]{};

void work(MayBlock const&, Worker& self) {
    constexpr Ipl kLevels[] = {Ipl::softclock, Ipl::vm, Ipl::softnet, Ipl::high, Ipl::sched};
    for (u32 i = 0; i < kRounds; ++i) {
        Ipl const level = kLevels[i % (sizeof(kLevels) / sizeof(kLevels[0]))];
        {
            SystemSplGuard const guard(level);
            add_slowly(g_counters.of_threads);
            ++g_counters.threads_added;
            if (level >= Ipl::vm) {
                add_slowly(g_counters.with_top_half);
                ++g_counters.shared_added;
            }
        }
        if (i % 4 == 0) {
            (void)BoardLines::pend(kUnconverted);
        }
    }
    atomic::store_release(&self.done, true);
}

void all_at_once(MayBlock const& context) {
    run_on(1, [](MayWake const&) {
        CHECK(BoardLines::request_unconverted<&count_in_top_half>(kUnconverted, "counter",
                                                                  g_counters) == LineError::none);
        CHECK(BoardLines::enable(kUnconverted) == LineError::none);
    });
    u32 const before = count_on(1, kUnconverted);
    for (u32 id = 0; id < cpus_online(); ++id) {
        CHECK(g_workers[id].thread.start_on<&work>(cpu_of(id), g_worker_stacks[id], 10,
                                                   g_workers[id]) == ThreadError::none);
    }
    for (u32 id = 0; id < cpus_online(); ++id) {
        wait_until([&] { return atomic::load_acquire(&g_workers[id].done); }, "a worker");
    }
    CHECK(BoardLines::release(context, kUnconverted) == LineError::none);
    u32 const interrupts = count_on(1, kUnconverted) - before;
    CHECK(interrupts != 0);
    CHECK_EQUAL(g_counters.threads_added, u64{kRounds} * cpus_online());
    CHECK_EQUAL(g_counters.of_threads, g_counters.threads_added);
    CHECK_EQUAL(g_counters.with_top_half, g_counters.shared_added + interrupts);
    CHECK_EQUAL(SystemSpl::info(Ipl::softclock).word & ~(u64{1} << 24), 0);
    log("{} CPUs: {} sections, {} interrupts", cpus_online(), g_counters.threads_added, interrupts);
}

}  // namespace
}  // namespace pivot::test

void pivot::image_main(MayBlock const& context) {
    using namespace test;
    what_it_keeps_out(context);
    all_at_once(context);
    passed("the system-wide SPL");
}
