// A machine for a test: one simulated CPU, booted as kern/main.cpp boots a real one. The test is
// its first thread, "main", priority 8. Everything is fresh for each Machine; one at a time.
//
// Who: unit tests. Lock order: none.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <string>

#include "arch/host/cpu.hpp"
#include "arch/host/replay.hpp"
#include "arch/host/sim_controller.hpp"
#include "arch/host/sim_cpu.hpp"
#include "intr/bottom_half.hpp"
#include "intr/continuation.hpp"
#include "intr/line.hpp"
#include "kern/clock.hpp"
#include "kern/sched.hpp"
#include "kern/semaphore.hpp"

namespace pivot {

using SimLines = Lines<SimController>;
inline constexpr u32 kMainPriority = 8;

// The test is the code that boots: it gets the first thread's token.
struct BootThread {
    template <typename F>
    static void run(F&& body) {
        ThreadStart::with_token(body);
    }
};

// The CPUs' structures, which outlive every machine.
[[nodiscard]] PerCpu& cpu_storage(u32 number);

// A machine's end, on each of its CPUs: what outlives it is schedulable and requestable again.
void forget_machine(sim::SimCpu& sim);

// What holds whenever `current` runs with nothing raised and nothing due.
void expect_cpu_at_rest(PerCpu const& cpu, sim::SimCpu const& sim, Thread const& current);

// Threads, books, order graph and longest stretches as at boot: those of earlier tests are gone.
void forget_machines();

class Machine {
  public:
    Machine();
    Machine(Machine const&) = delete;
    Machine& operator=(Machine const&) = delete;
    ~Machine();

    // Runs `body(MayBlock const&)` as the thread "main".
    template <typename F>
    void run(F&& body) {
        BootThread::run(body);
    }

    [[nodiscard]] PerCpu& cpu();
    [[nodiscard]] sim::SimCpu& sim() { return sim_; }

    // What holds whenever a thread runs with nothing raised and nothing due.
    void expect_at_rest();

  private:
    sim::SimCpu sim_;
    RunQueue queue_;
    Thread main_{"main"};
    Thread idle_{"idle"};
    StackMemory<4096> idle_stack_;
    BottomHalf bottom_halves_[kSoftLevels] = {{"softclock", Ipl::softclock},
                                              {"softbio", Ipl::softbio},
                                              {"softnet", Ipl::softnet},
                                              {"softserial", Ipl::softserial}};
    Continuation run_calls_;
    int nothing_ = 0;
};

// What happened, in order. Recording is harness work: no interrupt comes meanwhile.
class Trace {
  public:
    void add(std::string const& what) {
        sim::Quiet const quiet;
        text_ += text_.empty() ? what : " " + what;
    }
    [[nodiscard]] std::string const& text() const { return text_; }
    void clear() { text_.clear(); }

  private:
    std::string text_;
};

// A device on a line, whose top half is a lambda; LineEnd as its result: the line may stay active.
template <Ipl L, typename R = void>
class TestLine {
  public:
    using Body = std::function<R(TopHalf<L> const&)>;

    TestLine(u32 intid, Body body) : intid_(intid), body_(std::move(body)) {
        sim::Quiet const quiet;
        EXPECT_EQ(SimLines::request<&TestLine::top_half>(LineId(intid), "test", *this),
                  LineError::none);
        EXPECT_EQ(SimLines::enable(LineId(intid)), LineError::none);
    }
    void pend() { SimController::ask(intid_); }
    // Asks and gives the CPU the chance to take it.
    void fire() {
        pend();
        sim::point();
    }
    [[nodiscard]] u32 count() const { return this_cpu().lines[intid_].count; }
    [[nodiscard]] u32 intid() const { return intid_; }

  private:
    static R top_half(TopHalf<L> const& context, TestLine& self) { return self.body_(context); }
    u32 intid_;
    Body body_;
};

// A continuation whose function is a lambda.
class TestContinuation {
  public:
    using Body = std::function<void(MayBlock const&)>;
    TestContinuation(Ipl level, Body body)
        : body_(std::move(body)),
          continuation_(Continuation::to<&TestContinuation::call>(level, *this)) {}
    TestContinuation(TestContinuation const&) = delete;

    template <typename C>
    bool schedule(C const& context) {
        return continuation_.schedule(context);
    }
    [[nodiscard]] Continuation& get() { return continuation_; }

  private:
    static void call(MayBlock const& context, TestContinuation& self) { self.body_(context); }
    Body body_;
    Continuation continuation_;
};

// A thread whose function is a lambda. Starts at once.
class TestThread {
  public:
    using Body = std::function<void(MayBlock const&)>;
    TestThread(const char* name, u32 priority, Body body) : thread_(name), body_(std::move(body)) {
        EXPECT_EQ(thread_.start<&TestThread::call>(stack_, priority, *this), ThreadError::none);
    }
    TestThread(TestThread const&) = delete;
    [[nodiscard]] Thread& get() { return thread_; }
    [[nodiscard]] ThreadState state() const { return thread_.state(); }

  private:
    static void call(MayBlock const& context, TestThread& self) { self.body_(context); }
    Thread thread_;
    StackMemory<4096> stack_;
    Body body_;
};

// How many points an operation has at least; without access points, there are the port's alone.
[[nodiscard]] constexpr u64 least_points([[maybe_unused]] u64 with_access_points) {
#ifdef PIVOT_ACCESS_POINTS
    return with_access_points;
#else
    return 1;
#endif
}

// Runs `once(n)` for n = 0, 1, ... until it returns false: it could not inject at point n any more.
// Returns how many points there were.
u64 for_each_point(std::function<bool(u64)> const& once);

}  // namespace pivot
