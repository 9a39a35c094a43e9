// A simulated CPU: what a real one has beside memory. Interrupt masking, the interrupt stack's
// depth, a counter, a timer, and the points at which interrupts arrive.
//
// Who: the port, and tests. Lock order: none; one host thread executes one simulated CPU at a time.
//
// Virtual time advances by one tick a point and never by itself, so a run is a function of its
// seed. A CPU without simulation (a plain host thread that only spins on mutexes) has none of this:
// every operation below is then a no-op. A CPU that is one of several belongs to a World
// (arch/host/world.hpp), and at a point another of them may go on.
#pragma once

#include <atomic>
#include <functional>

#include "arch/host/sim_controller.hpp"

namespace pivot::sim {

inline constexpr u64 kCounterHz = 1'000'000'000;
inline constexpr u64 kRunaway = 10'000'000;  // points of one machine; no test needs a tenth
inline constexpr u64 kNever = ~u64{0};
inline constexpr u32 kTimerLine = 27;  // level triggered, like the virtual timer's

class World;
struct Fiber;

struct SimCpu {
    SimController::State controller;
    bool masked = true;  // PSTATE.I
    u32 depth = 0;       // top halves on the interrupt stack
    u32 deepest = 0;
    u32 quiet = 0;  // inside Quiet: no points
    u64 counter = 0;
    u64 deadline = kNever;  // of the armed timer
    u64 points = 0;         // seen by the schedule
    u64 all_points = 0;
    bool scheduled = false;  // points also call `schedule`, and memory accesses are points
    std::function<void(u64 point)> schedule;

    // -- one of several
    World* world = nullptr;
    PerCpu* percpu = nullptr;
    Fiber* fiber = nullptr;      // whose stack it executes on
    bool idle = false;           // waits for an interrupt
    std::atomic<u32> sgis = 0;   // sent to it and not yet at its controller interface
    bool access_points = false;  // every memory access is a point, schedule or not
    bool far = false;            // what comes next may concern other CPUs
};

// This host thread's simulated CPU; null if it has none.
[[nodiscard]] SimCpu* cpu();
void set_cpu(SimCpu* cpu);

// An interrupt may be taken here, and another CPU may go on.
void point();
// The same before something that other CPUs take part in or look at.
void far_point();
// The same before a memory access; only while a schedule is installed, so that unscheduled tests
// see interrupts at the port's operations alone.
void access_point(const volatile void* address);

// Harness code: nothing is taken in here.
class Quiet {
  public:
    Quiet() : cpu_(cpu()) {
        if (cpu_ != nullptr) {
            ++cpu_->quiet;
        }
    }
    Quiet(Quiet const&) = delete;
    Quiet& operator=(Quiet const&) = delete;
    ~Quiet() {
        if (cpu_ != nullptr) {
            --cpu_->quiet;
        }
    }

  private:
    SimCpu* cpu_;
};

// While it lives, every point first calls `decide` with its number, from 0.
class Schedule {
  public:
    explicit Schedule(std::function<void(u64 point)> decide);
    Schedule(Schedule const&) = delete;
    Schedule& operator=(Schedule const&) = delete;
    ~Schedule();
    [[nodiscard]] u64 points() const { return cpu()->points; }
};

void set_masked(bool masked);
[[nodiscard]] bool on_interrupt_stack();
[[nodiscard]] u64 counter();
void advance(u64 ticks);  // virtual time passes without a point
void relax();
// Takes what is pending; else lets time pass until the timer fires; else ends the test: nothing
// would ever happen again.
void idle();
// What has been sent to `cpu`, and its timer, arrive at its controller interface. On that CPU.
void collect_requests(SimCpu& cpu);

// The generic timer, as the kernel's clock uses it.
struct Timer {
    static void arm(u64 deadline);
    static void quiet();
};

// The interrupt path: arch/host/vectors.cpp.
void take_interrupt();

}  // namespace pivot::sim
