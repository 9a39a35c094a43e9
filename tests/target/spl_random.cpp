// A random walk over raising, lowering, lines and continuations, against a model of a few lines:
// what waits above the SPL runs, highest first, first come first served within a level.
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kSteps = 20'000;
constexpr u32 kSources = 11;  // 0..2: lines at vm, sched, high; then two continuations a soft level

// xorshift64*: the same walk in every run.
constinit u64 g_random = 0x9e37'79b9'7f4a'7c15;
u32 random(u32 below) {
    g_random ^= g_random >> 12;
    g_random ^= g_random << 25;
    g_random ^= g_random >> 27;
    return static_cast<u32>((g_random * 0x2545'f491'4f6c'dd1d) >> 33) % below;
}

constexpr Ipl level_of_source(u32 source) {
    return static_cast<Ipl>(source < 3 ? static_cast<u32>(Ipl::vm) + source
                                       : static_cast<u32>(Ipl::softclock) + (source - 3) / 2);
}

// What a source asks for, once, while it runs: bits of other sources.
constinit u32 g_script[kSources] = {};

constexpr u32 kEnd = 0x80;  // event: the source's run is over

struct Record {
    static constexpr u32 kRoom = 256;
    u8 source[kRoom];
    u32 length = 0;
    void add(u32 event) {
        CHECK(length < kRoom);
        source[length++] = static_cast<u8>(event);
    }
    void show(const char* what) const {
        print("{}", what);
        for (u32 i = 0; i < length; ++i) {
            print(" {}{}", (source[i] & kEnd) != 0 ? "/" : "", source[i] & ~kEnd);
        }
        log("");
    }
};
constinit Record g_seen{};
constinit Record g_expected{};

// -- the model

struct Model {
    u8 queue[kIpls][4] = {};
    u32 queued[kIpls] = {};
    u32 script[kSources] = {};
    u32 waiting = 0;  // bits: each source waits at most once
    Ipl spl = Ipl::none;

    void ask(u32 source) {
        if ((waiting >> source & 1) == 0) {
            waiting |= 1u << source;
            u32 const level = static_cast<u32>(level_of_source(source));
            queue[level][queued[level]++] = static_cast<u8>(source);
        }
        deliver();
    }

    void deliver() {
        for (u32 level = kIpls - 1; level > static_cast<u32>(spl);) {
            if (queued[level] == 0) {
                --level;
                continue;
            }
            run(static_cast<Ipl>(level));
            level = kIpls - 1;
        }
    }

    void run(Ipl level) {
        u32 const n = static_cast<u32>(level);
        u32 const source = queue[n][0];
        for (u32 i = 1; i < queued[n]; ++i) {
            queue[n][i - 1] = queue[n][i];
        }
        --queued[n];
        waiting &= ~(1u << source);
        Ipl const before = spl;
        spl = level;
        g_expected.add(source);
        u32 const asks = script[source];
        script[source] = 0;
        for (u32 other = 0; other < kSources; ++other) {
            if ((asks >> other & 1) != 0) {
                ask(other);
            }
        }
        g_expected.add(source | kEnd);
        spl = before;
    }
};
constinit Model g_model{};

// -- the machine

struct Work {
    u32 source;
};
void run_work(MayBlock const& context, Work& work);
constinit Work g_work[8] = {{3}, {4}, {5}, {6}, {7}, {8}, {9}, {10}};
constinit Continuation g_continuations[8] = {
    Continuation::to<&run_work>(Ipl::softclock, g_work[0]),
    Continuation::to<&run_work>(Ipl::softclock, g_work[1]),
    Continuation::to<&run_work>(Ipl::softbio, g_work[2]),
    Continuation::to<&run_work>(Ipl::softbio, g_work[3]),
    Continuation::to<&run_work>(Ipl::softnet, g_work[4]),
    Continuation::to<&run_work>(Ipl::softnet, g_work[5]),
    Continuation::to<&run_work>(Ipl::softserial, g_work[6]),
    Continuation::to<&run_work>(Ipl::softserial, g_work[7]),
};
constinit LineId const kLines[3] = {Board::kSpareLines[0], Board::kSpareLines[1],
                                    Board::kSpareLines[2]};

template <typename C>
void ask(C const& context, u32 source) {
    if (source >= 3) {
        (void)g_continuations[source - 3].schedule(context);
        return;
    }
    CHECK(BoardLines::pend(kLines[source]) == LineError::none);
    port::dsb_sy();
    port::isb();
}

template <typename C>
void act(C const& context, u32 source) {
    g_seen.add(source);
    CHECK_EQUAL(spl_current().held, held_at(level_of_source(source)));
    u32 const asks = g_script[source];
    g_script[source] = 0;
    for (u32 other = 0; other < kSources; ++other) {
        if ((asks >> other & 1) != 0) {
            ask(context, other);
        }
    }
    g_seen.add(source | kEnd);
}

void run_work(MayBlock const& context, Work& work) { act(context, work.source); }

template <Ipl L>
void line_top_half(TopHalf<L> const& context, Work& work) {
    act(context, work.source);
}
constinit Work g_lines[3] = {{0}, {1}, {2}};

template <Ipl L>
void request_line(u32 source) {
    LineId const line = kLines[source];
    CHECK(BoardLines::request<&line_top_half<L>>(line, "random", g_lines[source]) ==
          LineError::none);
    CHECK(BoardLines::set_trigger(line, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(line) == LineError::none);
}

void compare(u32 step) {
    bool same = g_seen.length == g_expected.length;
    for (u32 i = 0; same && i < g_seen.length; ++i) {
        same = g_seen.source[i] == g_expected.source[i];
    }
    if (!same) {
        g_seen.show("seen:    ");
        g_expected.show("expected:");
        fail(__FILE_NAME__, __LINE__, "step {}: the machine and the model differ", step);
    }
    g_seen.length = g_expected.length = 0;
}

struct Walk {
    Spl saved[8] = {};
    Ipl model_saved[8] = {};
    u32 depth = 0;

    void raise() {
        Ipl const level = static_cast<Ipl>(random(kIpls));
        model_saved[depth] = g_model.spl;
        g_model.spl = level > g_model.spl ? level : g_model.spl;
        saved[depth++] = splraise(level);
    }
    void lower() {
        g_model.spl = model_saved[--depth];
        g_model.deliver();
        splx(saved[depth]);
    }
};

void set_scripts() {
    for (u32 source = 0; source < kSources; ++source) {
        u32 const asks = random(3) == 0 ? 1u << random(kSources) | 1u << random(kSources) : 0;
        g_script[source] = g_model.script[source] = asks;
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    request_line<Ipl::vm>(0);
    request_line<Ipl::sched>(1);
    request_line<Ipl::high>(2);
    Walk walk;
    u64 runs = 0;
    for (u32 step = 0; step < kSteps; ++step) {
        u32 const choice = random(8);
        if (choice < 2 && walk.depth < 8) {
            walk.raise();
        } else if (choice < 4 && walk.depth > 0) {
            walk.lower();
        } else {
            set_scripts();
            u32 const source = random(kSources);
            g_model.ask(source);
            ask(context, source);
        }
        CHECK_EQUAL(spl_current().held, held_at(g_model.spl));
        runs += g_seen.length / 2;
        compare(step);
    }
    while (walk.depth > 0) {
        walk.lower();
        compare(kSteps);
    }
    check_calm();
    log("{} steps, {} runs as the model has them", kSteps, runs);
    passed("a random walk");
}

}  // namespace pivot
