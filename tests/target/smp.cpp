// Several CPUs: each is there, takes its own lines and timers, runs threads, and hears from every
// other one. The command line says how many there must be, and how often each calls each.
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"
#include "tests/target/command.hpp"
#include "tests/target/on_cpu.hpp"

namespace pivot::test {
namespace {

u32 number(const char* text) {
    u32 value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) {
        value = value * 10 + static_cast<u32>(*text - '0');
    }
    return value;
}

void every_cpu_is_online(u32 expected) {
    CHECK_EQUAL(cpus_online(), expected);
    CHECK_EQUAL(online_set(), expected == 64 ? ~u64{0} : (u64{1} << expected) - 1);
    for (u32 id = 0; id < expected; ++id) {
        PerCpu const& cpu = cpu_of(id);
        CHECK_EQUAL(cpu.id, id);
        CHECK(cpu.current != nullptr && cpu.interrupt_stack != 0 && cpu.emergency_stack != 0);
        for (u32 other = 0; other < id; ++other) {
            CHECK(cpu_of(other).affinity != cpu.affinity);
            CHECK(cpu_of(other).ipi_target != cpu.ipi_target);
            CHECK(cpu_of(other).interrupt_stack != cpu.interrupt_stack);
        }
    }
}

void jobs_run_where_they_are_sent() {
    static constinit u32 ran_on = 0;
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, [](MayWake const&) {
            ran_on = this_cpu().id;
            CHECK_EQUAL(spl_current().held, held_at(Ipl::softserial));
        });
        CHECK_EQUAL(ran_on, id);
    }
}

// -- from every CPU to every CPU

struct Line;
void there(MayWake const& context, Line& line);
void back(MayWake const& context, Line& line);

// One direction between two CPUs: a call there, which is answered by a call back, and again.
struct Line {
    u32 from = 0;
    u32 to = 0;
    u32 arrived = 0;
    u32 answered = 0;
    CrossCall go = CrossCall::to<&there>(*this);
    CrossCall answer = CrossCall::to<&back>(*this);
};
struct Lines64 {
    Line of[kMaxCpus];
};
constinit Lines64 g_lines[kMaxCpus]{};
constinit u32 g_rounds = 0;
constinit u32 g_unfinished = 0;

void there(MayWake const&, Line& line) {
    CHECK_EQUAL(this_cpu().id, line.to);
    ++line.arrived;
    CHECK(line.answer.send(cpu_of(line.from)));
}

void back(MayWake const&, Line& line) {
    CHECK_EQUAL(this_cpu().id, line.from);
    if (++line.answered == g_rounds) {
        atomic::fetch_add(&g_unfinished, ~u32{0});
    } else {
        CHECK(line.go.send(cpu_of(line.to)));
    }
}

void every_cpu_calls_every_cpu(u32 rounds) {
    u32 const cpus = cpus_online();
    g_rounds = rounds;
    g_unfinished = cpus * cpus;
    for (u32 from = 0; from < cpus; ++from) {
        for (u32 to = 0; to < cpus; ++to) {
            g_lines[from].of[to].from = from;
            g_lines[from].of[to].to = to;
        }
    }
    for (u32 from = 0; from < cpus; ++from) {
        run_on(from, [](MayWake const&) {
            for (u32 to = 0; to < cpus_online(); ++to) {
                CHECK(g_lines[this_cpu().id].of[to].go.send(cpu_of(to)));
            }
        });
    }
    wait_until([] { return atomic::load_acquire(&g_unfinished) == 0; }, "the calls' answers");
    for (u32 from = 0; from < cpus; ++from) {
        for (u32 to = 0; to < cpus; ++to) {
            CHECK_EQUAL(g_lines[from].of[to].arrived, rounds);
        }
    }
}

// -- lines

struct Counts {
    u32 on[kMaxCpus];
};
constinit Counts g_spi{};
constinit Counts g_ppi{};

void spi_top_half(TopHalf<Ipl::vm> const&, Counts& counts) {
    atomic::fetch_add(&counts.on[this_cpu().id], 1u);
}

void ppi_top_half(TopHalf<Ipl::sched> const&, Counts& counts) {
    PhysicalTimer::quiet();
    atomic::fetch_add(&counts.on[this_cpu().id], 1u);
}

constexpr Spi kSpi = Board::kSpareLines[0];

void an_spi_goes_where_it_was_requested() {
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, [](MayWake const&) {
            CHECK(BoardLines::request<&spi_top_half>(kSpi, "spi", g_spi) == LineError::none);
            CHECK(BoardLines::set_trigger(kSpi, Trigger::edge) == LineError::none);
        });
        CHECK_EQUAL(line_info(kSpi.intid()).cpu, id);
        CHECK(BoardLines::request<&spi_top_half>(kSpi, "again", g_spi) == LineError::taken);
        CHECK(BoardLines::enable(kSpi) == LineError::none);  // from here
        CHECK(BoardLines::pend(kSpi) == LineError::none);
        wait_until([&] { return atomic::load_acquire(&g_spi.on[id]) == 1; }, "the SPI");
        CHECK(BoardLines::disable(kSpi) == LineError::none);
        if (id != this_cpu().id) {
            CHECK(BoardLines::release(kSpi) == LineError::other_cpu);
        }
        run_on(id, [](MayWake const&) { CHECK(BoardLines::release(kSpi) == LineError::none); });
        CHECK(BoardLines::enable(kSpi) == LineError::not_requested);
    }
}

void start_own_timer(MayWake const&) {
    CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
    PhysicalTimer::arm(PhysicalTimer::now());
}

void a_banked_line_is_requested_once_and_enabled_on_each() {
    Ppi const line = Board::kPhysicalTimerLine;
    CHECK(BoardLines::request<&ppi_top_half>(line, "ppi", g_ppi) == LineError::none);
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, &start_own_timer);
        wait_until([&] { return atomic::load_acquire(&g_ppi.on[id]) == 1; }, "its own timer");
    }
    for (u32 id = 1; id < cpus_online(); ++id) {
        CHECK(BoardLines::release(line) == LineError::other_cpu);
        run_on(id, [](MayWake const&) {
            CHECK(BoardLines::disable(Board::kPhysicalTimerLine) == LineError::none);
        });
    }
    CHECK(BoardLines::release(line) == LineError::none);
    for (u32 id = 0; id < cpus_online(); ++id) {
        CHECK_EQUAL(g_ppi.on[id], 1);
    }
}

// -- threads

}  // namespace
}  // namespace pivot::test

PIVOT_STACKS(g_sleeper_stacks, pivot::kMaxCpus, 4096);

namespace pivot::test {
namespace {

struct Sleeper {
    Thread thread{"sleeper"};
    u32 woke_on = ~0u;
    bool done = false;
};
constinit Sleeper g_sleepers[kMaxCpus]{};

void sleep_a_little(MayBlock const& context, Sleeper& self) {
    Clock::sleep_ns(context, 1'000'000);
    self.woke_on = this_cpu().id;
    atomic::store_release(&self.done, true);
}

void each_cpu_has_threads_and_a_clock() {
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, [](MayWake const&) {
            u32 const self = this_cpu().id;
            CHECK(g_sleepers[self].thread.start<&sleep_a_little>(
                      g_sleeper_stacks[self], 10, g_sleepers[self]) == ThreadError::none);
        });
    }
    for (u32 id = 0; id < cpus_online(); ++id) {
        wait_until([&] { return atomic::load_acquire(&g_sleepers[id].done); }, "a sleeper");
        CHECK_EQUAL(g_sleepers[id].woke_on, id);
    }
}

}  // namespace
}  // namespace pivot::test

void pivot::image_main(MayBlock const&) {
    using namespace test;
    CommandLine const command;
    every_cpu_is_online(number(command.word(0)));
    jobs_run_where_they_are_sent();
    every_cpu_calls_every_cpu(number(command.word(1)));
    an_spi_goes_where_it_was_requested();
    a_banked_line_is_requested_once_and_enabled_on_each();
    each_cpu_has_threads_and_a_clock();
    passed("smp");
}
