// A machine of several CPUs for a test: each is booted as kern/main.cpp boots a real one, with run
// queue, idle thread, bottom halves, clock and the line by which other CPUs call it.
//
// Who: scenarios (tests/unit/support/explorer.hpp). Lock order: none.
//
// Before run(), the scenario says what there is: code for each CPU's first thread, other threads,
// devices. run() lets all CPUs go until nothing will happen any more, and fails the test if
// somebody has not come to his end by then. Afterwards the scenario checks what has come of it.
// One machine at a time; Thread, mutex and trace objects outlive run().
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "arch/host/world.hpp"
#include "kern/cross_call.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {

// What a CPU is made of, beside its PerCpu.
struct SmpCpu {
    struct Main : Thread {
        Main() : Thread("main") {}
        std::function<void(MayBlock const&)> body;
        bool done = false;
    };

    SmpCpu();
    void boot(PerCpu& cpu, u32 id);

    sim::SimCpu sim;
    RunQueue queue;
    Main main;
    Thread idle{"idle"};
    StackMemory<4096> idle_stack;
    BottomHalf bottom_halves[kSoftLevels] = {{"softclock", Ipl::softclock},
                                             {"softbio", Ipl::softbio},
                                             {"softnet", Ipl::softnet},
                                             {"softserial", Ipl::softserial}};
    Continuation run_calls;
    Continuation wake_sleepers;
    int nothing = 0;
};

class SmpMachine {
  public:
    using Body = std::function<void(MayBlock const&)>;

    // `chooser` is null if the CPUs are host threads.
    SmpMachine(u32 cpus, sim::Chooser* chooser, u64 limit);
    SmpMachine(SmpMachine const&) = delete;
    SmpMachine& operator=(SmpMachine const&) = delete;
    ~SmpMachine();

    [[nodiscard]] u32 cpus() const { return static_cast<u32>(cpus_.size()); }
    [[nodiscard]] PerCpu& cpu(u32 number);
    [[nodiscard]] Thread& first_thread(u32 number) { return at(number).main; }

    // What the first thread of a CPU does, at kMainPriority.
    void on(u32 number, Body body) { at(number).main.body = std::move(body); }
    void on_each(std::function<void(u32 number, MayBlock const&)> const& body);
    // One more thread of a CPU. Ready from the start.
    Thread& thread(u32 number, const char* name, u32 priority, Body body);
    // A device at a CPU, which asks `times` times at moments that the schedule chooses.
    template <Ipl L>
    void device(u32 number, u32 times, std::function<void(TopHalf<L> const&)> top_half) {
        attach<TestLine<L>>(number, times, std::move(top_half));
    }
    // The same, whose line may stay active.
    template <Ipl L>
    void holding_device(u32 number, u32 times, std::function<LineEnd(TopHalf<L> const&)> top_half) {
        attach<TestLine<L, LineEnd>>(number, times, std::move(top_half));
    }

    // False, and a failed test, if not all threads and bodies came to their end.
    bool run();

    // After run(): `body` as code of a CPU, to look at what has been left. It must not block.
    template <typename F>
    void on_cpu(u32 number, F&& body) {
        at_boot(number, [&] {
            sim::Quiet const quiet;
            BootThread::run(body);
        });
    }

    // What holds on every CPU when nothing runs but its idle thread.
    void expect_at_rest();
    // Each CPU and thread, for a report.
    [[nodiscard]] std::string state();
    [[nodiscard]] u64 points() const { return world_.points(); }
    [[nodiscard]] u64 far_points() const { return world_.far_points(); }

  private:
    struct ExtraThread;

    template <typename Line, typename Body>
    void attach(u32 number, u32 times, Body top_half) {
        at_boot(number,
                [&] { kept_.push_back(std::make_shared<Line>(next_line_, std::move(top_half))); });
        world_.device(at(number).sim, next_line_++, times);
    }

    [[nodiscard]] SmpCpu& at(u32 number);
    void at_boot(u32 number, std::function<void()> const& body);
    [[nodiscard]] bool all_done() const;

    std::list<SmpCpu> cpus_;
    sim::World world_;
    std::list<std::shared_ptr<void>> kept_;
    std::list<std::shared_ptr<ExtraThread>> threads_;
    u32 next_line_ = 40;
};

}  // namespace pivot
