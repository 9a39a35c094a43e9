// Continuations of several CPUs at once, with real races: every CPU's thread and top half schedule
// the same few objects on any CPU and take them back. There are as many runs as schedules that said
// yes less cancels that said yes; on a CPU each runs once at a time, and it sees what was stored
// before the last schedule. Then one that schedules itself elsewhere for ever is ended.
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
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
constexpr u32 kRounds = 8000;
constexpr u32 kFirstLine = Board::kSpareLines[2].intid() + 1;
PIVOT_STACKS(g_stacks, kMostCpus, 8192);

struct Object {
    explicit constexpr Object(Ipl level) : next(Continuation::to<&Object::run>(level, *this)) {}

    static void run(MayBlock const&, Object& self) {
        u32& inside = self.inside[this_cpu().id];
        CHECK_EQUAL(inside++, 0u);
        u32 const news = atomic::load_relaxed(&self.news);
        u32 seen = atomic::load_relaxed(&self.seen);
        while (seen < news && !atomic::release_replace_or_load(&self.seen, seen, news)) {
        }
        CHECK(spl_current().held == held_at(self.next.level()));
        atomic::fetch_add(&self.runs, 1u);
        CHECK_EQUAL(--inside, 0u);
    }

    Continuation next;
    u32 inside[kMostCpus] = {};
    u32 runs = 0;
    u32 news = 0, seen = 0;
    u32 scheduled = 0, cancelled = 0;
};
constinit Object g_bio(Ipl::softbio);
constinit Object g_net(Ipl::softnet);
constinit Object g_serial(Ipl::softserial);
constexpr Object* kAll[] = {&g_bio, &g_net, &g_serial};
constexpr u32 kObjects = 3;

u32 cpus() { return cpus_online() < kMostCpus ? cpus_online() : kMostCpus; }

// Context for context the same: what a top half does, and a thread.
struct Player {
    template <typename C>
    void act(C const& context) {
        chance = chance * 1'664'525 + 1'013'904'223;  // Numerical Recipes' generator
        Object& object = *kAll[(chance >> 16) % kObjects];
        if ((chance >> 20) % 16 == 0) {
            atomic::fetch_add(&object.cancelled, u32{object.next.cancel()});
            return;
        }
        atomic::fetch_add(&object.news, 1u);
        bool const yes = object.next.schedule_on(cpu_of((chance >> 28) % cpus()), context);
        atomic::fetch_add(&object.scheduled, u32{yes});
    }

    u32 id = 0;
    u32 chance = 1;
};
constinit Player g_players[kMostCpus]{};
constinit Player g_top_halves[kMostCpus]{};
struct PlayerThread : Thread {
    constexpr PlayerThread() : Thread("player") {}
};
constinit PlayerThread g_threads[kMostCpus]{};
constinit u32 g_ready = 0;

void top_half(TopHalf<Ipl::vm> const& context, Player& self) { self.act(context); }

void play(MayBlock const& context, Player& self) {
    Player& device = g_top_halves[self.id];
    LineId const line{kFirstLine + self.id};
    CHECK(BoardLines::request<&top_half>(line, "player", device) == LineError::none);
    CHECK(BoardLines::set_trigger(line, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(line) == LineError::none);
    atomic::fetch_add(&g_ready, 1u);
    wait_until([] { return atomic::load_acquire(&g_ready) == cpus(); }, "the others");
    for (u32 round = 0; round < kRounds; ++round) {
        if (round % 4 == 0) {
            Gic::pend(kFirstLine + (round / 4) % cpus());
        }
        for (u32 pause = 0; pause < 8; ++pause) {
            cpu_relax();  // others' turn, where one host thread executes all
        }
        NoPreemption const hold;  // what it schedules here waits, and may be taken back
        for (u32 i = 0; i < 3; ++i) {
            self.act(context);
        }
    }
}

void play_all(MayBlock const& context) {
    for (u32 id = 0; id < cpus(); ++id) {
        g_players[id].id = g_top_halves[id].id = id;
        g_players[id].chance = 2 * id + 1;
        g_top_halves[id].chance = 2 * id + 2;
        CHECK(g_threads[id].start_on<&play>(cpu_of(id), g_stacks[id], 5, g_players[id]) ==
              ThreadError::none);
    }
    for (u32 id = 0; id < cpus(); ++id) {
        CHECK(g_threads[id].join(context) == ThreadError::none);
    }
    Clock::sleep_ns(context, 2'000'000);  // the last interrupts have come
    for (Object* const one : kAll) {
        Object& object = *one;
        object.scheduled += u32{object.next.schedule(context)};  // once more, for the news
        object.next.drain(context);
        CHECK(!object.next.is_queued());
        CHECK(object.cancelled != 0 && object.runs != 0);
        CHECK_EQUAL(object.seen, object.news);
    }
}

// -- one that goes round

struct Round {
    static void run(MayBlock const& context, Round& self) {
        CHECK(!atomic::load_acquire(&self.gone));
        atomic::fetch_add(&self.runs, 1u);
        self.next.schedule_on(cpu_of((this_cpu().id + 1) % cpus()), context);
    }
    Continuation next = Continuation::to<&Round::run>(Ipl::softnet, *this);
    u32 runs = 0;
    bool gone = false;
};
constinit Round g_round{};

void end_one_that_goes_round(MayBlock const& context) {
    for (u32 i = 0; i < 50; ++i) {
        u32 const before = atomic::load_relaxed(&g_round.runs);
        g_round.next.schedule(context);
        wait_until([&] { return atomic::load_relaxed(&g_round.runs) > before + 5; }, "a round");
        g_round.next.cancel_and_wait(context);
        CHECK(!g_round.next.is_queued());
        atomic::store_release(&g_round.gone, true);
        Clock::sleep_ns(context, 100'000);
        atomic::store_release(&g_round.gone, false);
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(current_thread().set_priority(context, 20) == ThreadError::none);
    play_all(context);
    u32 scheduled = 0, cancelled = 0, runs = 0;
    for (Object const* const object : kAll) {
        scheduled += object->scheduled;
        cancelled += object->cancelled;
        runs += object->runs;
    }
    CHECK_EQUAL(runs, scheduled - cancelled);
    end_one_that_goes_round(context);
    log("{} CPUs: {} scheduled, {} cancelled", cpus(), scheduled, cancelled);
    passed("continuations of several CPUs");
}

}  // namespace pivot
