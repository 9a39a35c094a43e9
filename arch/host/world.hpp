// A machine of several simulated CPUs.
//
// Who: run, add, device: tests. The rest: the port. Lock order: none.
//
// There are two implementations, and a build links one:
//
//   world.cpp          all CPUs take turns on one host thread. At every point (each operation of
//                      the port; in the instrumented build each memory access of the kernel, too) a
//                      Chooser says which CPU goes on. Interrupts masked or not, other CPUs run: so
//                      an interleaving is the sequence of the chooser's answers, and a seed from
//                      which it draws them replays it. The clock is one: who runs carries it.
//   world_threads.cpp  each CPU is a host thread, for the thread sanitizer. Time is the host's, and
//                      nothing is replayed.
//
// A CPU that spins or idles lets others go first. The machine is at its end when every CPU idles
// with nothing pending and no timer armed: as it should, or stuck. Then, and at a panic, all CPUs
// are left where they are and run() returns; their stacks are not unwound.
#pragma once

#include <functional>
#include <vector>

#include "arch/host/sim_cpu.hpp"
#include "kern/base/assert.hpp"

namespace pivot::sim {

// Decides what happens next. CPUs are bits of a set and numbers: the order of World::add.
class Chooser {
  public:
    Chooser() = default;
    Chooser(Chooser const&) = delete;
    Chooser& operator=(Chooser const&) = delete;
    virtual ~Chooser() = default;

    // The CPU that goes on: `here`, or one of `others` (which may be none). `far`: what comes next
    // may concern other CPUs. If it does not, being left before it is being left before the next
    // that does, unless other CPUs see what they are not meant to.
    [[nodiscard]] virtual u32 next(u32 here, u32 others, bool far) = 0;
    // One of `others` (at least one): `here` waits for something that they do.
    [[nodiscard]] virtual u32 instead_of(u32 here, u32 others) = 0;
    // Does a device ask for an interrupt now?
    [[nodiscard]] virtual bool strikes() = 0;
};

enum class End : u8 {
    quiet,     // every CPU idles, nothing will ever happen again
    runaway,   // too many points: somebody spins for what never comes
    panicked,  // the kernel said so
};

class World {
  public:
    // `chooser` may be null with CPUs that are host threads.
    World(Chooser* chooser, u64 limit) : chooser_(chooser), limit_(limit) {}
    World(World const&) = delete;
    World& operator=(World const&) = delete;

    // One more CPU, which begins as the thread `first` (prepared, not running).
    void add(SimCpu& cpu, PerCpu& percpu, Thread& first);
    // A device that asks `times` times for an interrupt of `line` at `cpu`, whenever.
    void device(SimCpu& cpu, u32 line, u32 times) { devices_.push_back({&cpu, line, times}); }

    [[nodiscard]] End run();
    [[nodiscard]] u64 points() const { return points_; }
    [[nodiscard]] u64 far_points() const { return far_points_; }

    // -- the port
    // May other CPUs be concerned by an access there? Not on this stack, not in this CPU's own
    // structure, but for the fields that others use.
    [[nodiscard]] static bool is_far(SimCpu const& here, const volatile void* address);
    void at_point(SimCpu& here);
    void at_wait(SimCpu& here);  // `here` spins
    void at_idle(SimCpu& here);  // until something is signalled to `here`
    // `here` is ready to begin; they all do together, and the chooser is asked from then on.
    void start_line(SimCpu& here);
    void send(PerCpu const& target, u32 sgi);
    [[nodiscard]] SimController::State& controller_of(PerCpu const& cpu) const;
    void tell_time(SimCpu& here);  // brings here.counter up to date
    // From a CPU of this machine: its run is over.
    [[noreturn]] void end(End how);

  private:
    struct Device {
        SimCpu* cpu;
        u32 line;
        u32 left;
    };
    struct Member {
        SimCpu* cpu;
        Thread* first;
    };

    [[nodiscard]] u32 number_of(SimCpu const& cpu) const;
    [[nodiscard]] u32 ready(u64 now) const;  // the CPUs that have something to do
    [[nodiscard]] bool strike(bool all);
    void switch_to(SimCpu& here, u32 next);
    void run_member(Member const& member);

    Chooser* chooser_;
    u64 limit_;
    u64 points_ = 0;
    u64 far_points_ = 0;
    u64 since_ = 0;  // points since another CPU went on
    std::vector<Member> members_;
    std::vector<Device> devices_;
    Fiber* host_ = nullptr;
    std::atomic<u32> started_ = 0;
    std::atomic<bool> over_ = false;
    End how_ = End::quiet;
};

inline SimController::State& World::controller_of(PerCpu const& cpu) const {
    for (Member const& member : members_) {
        if (member.cpu->percpu == &cpu) {
            return member.cpu->controller;
        }
    }
    panic("a line is routed to a CPU of another machine");
}

}  // namespace pivot::sim
