#include "tests/unit/support/smp_machine.hpp"

#include <new>
#include <sstream>

#include "arch/host/fiber.hpp"
#include "kern/cpus.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

constexpr u32 kCallLine = static_cast<u32>(Ipi::call);

void idle(MayBlock const&, int&) {
    for (;;) {
        cpu_idle();
    }
}

void run_calls(MayBlock const& context, int&) { CrossCall::run_all(context); }
void wake_sleepers(MayBlock const& context, int&) { Clock::run_due(context); }

void call_top_half(TopHalf<Ipl::sched> const& context, Continuation& calls) {
    calls.schedule(context);
    CrossCall::announce(context);
}

void clock_top_half(TopHalf<Ipl::sched> const& context, Continuation& wake) {
    sim::Timer::quiet();
    wake.schedule(context);
}

// A line that each CPU has for itself: the first CPU requests it, the others' tables get the same
// with an owner of their own.
template <auto Fn, typename T>
void request_own(u32 intid, const char* name, T& owner) {
    LineId const line(intid);
    if (SimLines::request<Fn>(line, name, owner) == LineError::taken) {
        LineEntry& entry = this_cpu().lines[intid];
        entry = cpu_storage(0).lines[intid];
        entry.argument = &owner;
        entry.count = 0;
        SimController::set_priority(intid, Ipl::sched);
    }
    EXPECT_EQ(SimLines::enable(line), LineError::none);
}

// Code outside a machine's run executes as one of its CPUs for a while.
class As {
  public:
    As(sim::SimCpu& sim, PerCpu& cpu) {
        sim::set_cpu(&sim);
        port::Cpu::set_this_cpu(&cpu);
    }
    As(As const&) = delete;
    As& operator=(As const&) = delete;
    ~As() {
        sim::set_cpu(nullptr);
        port::Cpu::set_this_cpu(nullptr);
    }
};

const char* text_of(ThreadState state) {
    switch (state) {
        case ThreadState::ready:
            return "ready";
        case ThreadState::unstarted:
            return "unstarted";
        case ThreadState::blocked:
            return "blocked";
        case ThreadState::sleeping:
            return "sleeping";
        case ThreadState::suspended:
            return "suspended";
        case ThreadState::exited:
            return "exited";
    }
    return "?";
}

}  // namespace

struct SmpMachine::ExtraThread {
    ExtraThread(u32 on, const char* name, Body what)
        : cpu(on), thread(name), body(std::move(what)) {}
    static void call(MayBlock const& context, ExtraThread& self) {
        self.body(context);
        self.done = true;
    }
    u32 cpu;
    Thread thread;
    Body body;
    bool done = false;
    StackMemory<4096> stack;
};

SmpCpu::SmpCpu()
    : run_calls(Continuation::to<&pivot::run_calls>(Ipl::softserial, nothing)),
      wake_sleepers(Continuation::to<&pivot::wake_sleepers>(Ipl::softclock, nothing)) {}

// Preemption is held off until the first thread runs: what boot makes ready waits for that.
void SmpCpu::boot(PerCpu& cpu, u32 id) {
    new (&cpu) PerCpu{};
    cpu.id = id;
    cpu.spl = held_at(Ipl::softserial);
    SimController::init_distributor();
    SimLines::init_cpu(cpu);
    join_online_set();
    Scheduler::start_cpu(cpu, queue, main, 0, 0, kMainPriority);
    for (BottomHalf& bottom_half : bottom_halves) {
        bottom_half.start_here(0, 0);
    }
    EXPECT_EQ(idle.start_idle<&pivot::idle>(idle_stack, nothing), ThreadError::none);
    Clock::set_alarm(&sim::Timer::arm);
    request_own<&call_top_half>(kCallLine, "call", run_calls);
    request_own<&clock_top_half>(sim::kTimerLine, "clock", wake_sleepers);
    join_online_set();
    port::Cpu::prepare_stack(&main, 0, [](Thread* thread) {
        auto& self = *static_cast<Main*>(thread);
        interrupts_enable();
        sim::cpu()->world->start_line(*sim::cpu());
        splx(Spl{0});
        if (self.body) {
            BootThread::run(self.body);
        }
        self.done = true;
        Scheduler::exit_current();
    });
}

SmpMachine::SmpMachine(u32 cpus, sim::Chooser* chooser, u64 limit)
    : cpus_(cpus), world_(chooser, limit) {
    forget_machines();
    for (u32 i = 0; i < cpus; ++i) {
        at_boot(i, [&] { at(i).boot(cpu(i), i); });
    }
}

SmpMachine::~SmpMachine() {
    for (u32 i = 0; i < cpus(); ++i) {
        at(i).sim.world = nullptr;
        at_boot(i, [&] { forget_machine(at(i).sim); });
    }
    reset_online_set();
    sim::release_fibers();
}

PerCpu& SmpMachine::cpu(u32 number) { return cpu_storage(number); }

SmpCpu& SmpMachine::at(u32 number) { return *std::next(cpus_.begin(), number); }

void SmpMachine::at_boot(u32 number, std::function<void()> const& body) {
    As const as(at(number).sim, cpu(number));
    body();
}

void SmpMachine::on_each(std::function<void(u32, MayBlock const&)> const& body) {
    for (u32 i = 0; i < cpus(); ++i) {
        on(i, [body, i](MayBlock const& context) { body(i, context); });
    }
}

Thread& SmpMachine::thread(u32 number, const char* name, u32 priority, Body body) {
    threads_.push_back(std::make_shared<ExtraThread>(number, name, std::move(body)));
    ExtraThread& extra = *threads_.back();
    at_boot(number, [&] {
        EXPECT_EQ(extra.thread.start<&ExtraThread::call>(extra.stack, priority, extra),
                  ThreadError::none);
    });
    return extra.thread;
}

bool SmpMachine::all_done() const {
    bool done = true;
    for (SmpCpu const& each : cpus_) {
        done = done && each.main.done;
    }
    for (auto const& each : threads_) {
        done = done && each->done;
    }
    return done;
}

bool SmpMachine::run() {
    for (u32 i = 0; i < cpus(); ++i) {
        world_.add(at(i).sim, cpu(i), at(i).main);
    }
    switch (world_.run()) {
        case sim::End::quiet:
            if (all_done()) {
                return true;
            }
            ADD_FAILURE() << "deadlock: every CPU is idle and no timer is armed\n" << state();
            return false;
        case sim::End::runaway:
            ADD_FAILURE() << "no end after " << points() << " points\n" << state();
            return false;
        case sim::End::panicked:
            ADD_FAILURE() << "the kernel has panicked\n" << state();
            return false;
    }
    return false;
}

void SmpMachine::expect_at_rest() {
    for (u32 i = 0; i < cpus(); ++i) {
        SCOPED_TRACE("cpu " + std::to_string(i));
        expect_cpu_at_rest(cpu(i), at(i).sim, at(i).idle);
    }
}

std::string SmpMachine::state() {
    std::ostringstream text;
    auto const say = [&text](Thread const& thread) {
        if (thread.state() != ThreadState::unstarted) {
            text << "    \"" << thread.name() << "\", priority " << thread.priority() << ", "
                 << text_of(thread.state()) << "\n";
        }
    };
    for (u32 i = 0; i < cpus(); ++i) {
        PerCpu const& c = cpu(i);
        sim::SimCpu const& s = at(i).sim;
        text << "  cpu " << i << ": \"" << c.current->name() << "\", spl "
             << name_of(level_of(c.spl)) << ", " << s.depth << " top halves"
             << (s.masked ? ", masked" : "") << (s.idle ? ", idle" : "") << ", held "
             << (c.held != nullptr ? c.held->name() : "nothing") << "\n";
        say(at(i).main);
        for (auto const& extra : threads_) {
            if (extra->cpu == i) {
                say(extra->thread);
            }
        }
    }
    return text.str();
}

}  // namespace pivot
