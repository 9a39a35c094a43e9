// Schedules that are drawn from a seed.
//
// Who: the explorer. Lock order: none.
//
// Two ways to draw one, for they find different things:
//
//   random walk  at each point another CPU goes on with a probability that is drawn first, and no
//                more often than a bound that is drawn, too. Many switches at one end, which finds
//                what needs a dance; few at the other, which lets a CPU get far while others stand.
//   priorities   after Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with
//                Probabilistic Guarantees of Finding Bugs", 2010. Each CPU has a priority and the
//                highest goes on; at a few points that are drawn the running one becomes the
//                lowest. What needs d switches at the right places is found with a probability that
//                falls with the number of points to the power of d - 1, not of all of them.
#pragma once

#include <memory>

#include "arch/host/world.hpp"

namespace pivot {

// How many points a scenario has, more or less.
struct Length {
    u64 points;
    u64 far_points;
};

// Everything that it answers follows from `seed` and `length`. Three of four schedules leave a CPU
// only before what concerns others, so that all their switches count.
[[nodiscard]] std::unique_ptr<sim::Chooser> chooser_of(u64 seed, Length const& length);

}  // namespace pivot
