// SPL and lines against a reference model, statement for statement: one piece of random code is run
// by the simulated machine and by the model below, and both must have run the same top halves in
// the same order. On both kinds of controller (docs/testing.md). A failure names its seed.
#include <cstdio>
#include <cstdlib>
#include <list>
#include <vector>

#include "spl/spl.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

struct Kind {
    u32 intid;
    Ipl level;
    bool is_wired;  // the device holds the line until its top half runs
};
constexpr Kind kKinds[] = {
    {40, Ipl::vm, false},   {41, Ipl::vm, true},   {42, Ipl::sched, false}, {43, Ipl::high, false},
    {44, Ipl::sched, true}, {45, Ipl::high, true}, {70, Ipl::vm, false},
};
constexpr u32 kCount = sizeof(kKinds) / sizeof(kKinds[0]);

// What random code decides by: the same numbers for both, as long as both do the same.
struct Dice {
    u64 state;
    u32 roll(u32 below) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        return static_cast<u32>(state >> 33) % below;
    }
};

// The model: what is asked, what is let through, and that the highest above the SPL runs at once.
struct Reference {
    Dice dice{0};
    std::vector<u32> ran;
    Ipl spl = Ipl::none;
    bool asked[kCount]{}, wire[kCount]{}, disabled[kCount]{};

    void ask(u32 i) { asked[i] = true, settle(); }
    void pend(u32 i) { ask(i); }
    void set_wire(u32 i, bool up) { wire[i] = up, settle(); }
    void enable(u32 i, bool on) { disabled[i] = !on, settle(); }
    template <typename F>
    void at(Ipl level, u32, F&& body) {
        Ipl const old = spl;
        spl = level > spl ? level : spl;
        body();
        spl = old;
        settle();
    }
    void settle() {
        for (u32 i = next(); i < kCount; i = next()) {
            asked[i] = wire[i] = false;
            ran.push_back(i);
            Ipl const old = spl;
            spl = kKinds[i].level;
            act(*this, 1);
            spl = old;
        }
    }
    u32 next() const {
        u32 best = kCount;
        for (u32 i = 0; i < kCount; ++i) {
            bool const can = (asked[i] || wire[i]) && !disabled[i] && kKinds[i].level > spl;
            if (can && (best == kCount || kKinds[i].level > kKinds[best].level)) {
                best = i;
            }
        }
        return best;
    }
    template <typename M>
    static void act(M& m, u32 depth);
};

// The machine, with the same operations.
struct Real {
    explicit Real(u64 seed) : dice{seed} {
        for (u32 i = 0; i < kCount; ++i) {
            add(i);
        }
    }
    void ask(u32 i) { SimController::ask(kKinds[i].intid), sim::point(); }
    void pend(u32 i) {
        (void)SimLines::pend(LineId(kKinds[i].intid));
        sim::point();
    }
    void set_wire(u32 i, bool up) {
        u32 const line = kKinds[i].intid;
        up ? SimController::assert_line(line) : SimController::deassert_line(line);
        sim::point();
    }
    void enable(u32 i, bool on) {
        LineId const line(kKinds[i].intid);
        (void)(on ? SimLines::enable(line) : SimLines::disable(line));
        sim::point();
    }
    // By a guard, or by hand.
    template <typename F>
    void at(Ipl level, u32 way, F&& body) {
        if (way == 0) {
            SplGuard const guard(level);
            body();
        } else {
            Spl const old = splraise(level);
            body();
            splx(old);
        }
    }
    void top_half(u32 i) {
        if (kKinds[i].is_wired) {
            SimController::deassert_line(kKinds[i].intid);
        }
        ran.push_back(i);
        Reference::act(*this, 1);
    }
    void add(u32 i) {
        auto const body = [this, i](auto const&) { top_half(i); };
        switch (kKinds[i].level) {
            case Ipl::vm:
                vm.emplace_back(kKinds[i].intid, body);
                break;
            case Ipl::sched:
                sched.emplace_back(kKinds[i].intid, body);
                break;
            default:
                high.emplace_back(kKinds[i].intid, body);
        }
    }
    Dice dice;
    std::vector<u32> ran;
    std::list<TestLine<Ipl::vm>> vm;
    std::list<TestLine<Ipl::sched>> sched;
    std::list<TestLine<Ipl::high>> high;
};

// A step of the random code, by a thread (depth 0) or a top half.
template <typename M>
void Reference::act(M& m, u32 depth) {
    u32 const i = m.dice.roll(kCount);
    switch (m.dice.roll(depth == 0 ? 8 : 12)) {
        case 0:
        case 1:
            return m.ask(i);
        case 2:
            return m.pend(i);
        case 3:
            return kKinds[i].is_wired ? m.set_wire(i, m.dice.roll(3) != 0) : m.ask(i);
        case 4:
            m.enable(i, false);
            act(m, depth + 1);
            return m.enable(i, true);
        case 5:
        case 6:
        case 7: {
            Ipl const level = static_cast<Ipl>(1 + m.dice.roll(kIpls - 1));
            u32 const way = m.dice.roll(2);
            u32 const steps = depth < 5 ? 1 + m.dice.roll(4) : 0;
            return m.at(level, way, [&] {
                for (u32 step = 0; step < steps; ++step) {
                    act(m, depth + 1);
                }
            });
        }
        default:
            return;
    }
}

constexpr u32 kSteps = 1000;  // of each seed
constexpr u64 kSeeds = 600;
constexpr u64 kSeedsFull = 20'000;

void run(u64 seed) {
    Machine machine;
    Real real(seed);
    Reference reference;
    reference.dice = real.dice;
    machine.run([&](MayBlock const&) {
        for (u32 step = 0; step < kSteps; ++step) {
            Reference::act(real, 0);
            Reference::act(reference, 0);
            if (real.ran != reference.ran || real.dice.state != reference.dice.state) {
                ADD_FAILURE() << "step " << step << ": " << real.ran.size() << " top halves, not "
                              << reference.ran.size()
                              << ", or others; the last: " << ::testing::PrintToString(real.ran)
                              << ", not " << ::testing::PrintToString(reference.ran);
                return;
            }
            real.ran.clear();
            reference.ran.clear();
        }
    });
    if (!::testing::Test::HasFailure()) {
        machine.expect_at_rest();
    }
}

TEST(Reference, RandomCodeRunsTheSameTopHalvesInTheSameOrder) {
    const char* const replay = std::getenv("PIVOT_SEED");
    u64 const first = replay != nullptr ? std::strtoull(replay, nullptr, 0) : 1;
    u64 const many = std::getenv("PIVOT_FULL") != nullptr ? kSeedsFull : kSeeds;
    for (u64 seed = first; seed <= (replay != nullptr ? first : many); ++seed) {
        sim::set_seed(seed);
        run(seed);
        if (HasFailure()) {
            std::fprintf(stderr, "Reference: failed with PIVOT_SEED=%llu\n",
                         static_cast<unsigned long long>(seed));
            return;
        }
    }
}

}  // namespace
}  // namespace pivot
