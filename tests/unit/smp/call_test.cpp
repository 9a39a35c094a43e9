// Calls between CPUs, continuations and clocks of several CPUs, in every order that the explorer
// finds.
#include <array>

#include "kern/cross_call.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

struct Counted {
    static void run(MayWake const&, Counted& self) { atomic::fetch_add(&self.runs, 1u); }
    CrossCall call = CrossCall::to<&Counted::run>(*this);
    u32 runs = 0;
    u32 sent = 0;
};

// Three CPUs call each other; one object a pair. A send that succeeds is one run.
TEST(CrossCallSmp, EachSendIsOneRun) {
    explore(3, [](SmpMachine& machine) {
        std::array<std::array<Counted, 3>, 3> calls;
        machine.on_each([&](u32 number, MayBlock const&) {
            for (int round = 0; round < 2; ++round) {
                for (u32 other = 0; other < 3; ++other) {
                    Counted& call = calls[number][other];
                    call.sent += call.call.send(machine.cpu(other)) ? 1 : 0;
                }
            }
        });
        machine.run();
        for (auto const& row : calls) {
            for (Counted const& call : row) {
                EXPECT_GE(call.sent, 1u);
                EXPECT_EQ(call.runs, call.sent);
                EXPECT_EQ(call.call.next, nullptr);
            }
        }
        machine.expect_at_rest();
    });
}

// Two CPUs send one and the same object to a third: it goes on one of the two ways at a time.
TEST(CrossCallSmp, OneObjectSentByTwo) {
    explore(3, [](SmpMachine& machine) {
        Counted call;
        u32 sent = 0;
        machine.on_each([&](u32 number, MayBlock const&) {
            for (int round = 0; number != 2 && round < 3; ++round) {
                atomic::fetch_add(&sent, call.call.send(machine.cpu(2)) ? 1u : 0u);
            }
        });
        machine.run();
        EXPECT_GE(sent, 1u);
        EXPECT_EQ(call.runs, sent);
        machine.expect_at_rest();
    });
}

// The rule of the header: who holds the lock that the function takes and finds the object on its
// way may rely on that run to see what the lock guards.
struct Mailbox {
    static void run(MayWake const& context, Mailbox& self) {
        SpinGuard const guard(self.mutex, context);
        self.seen = self.value;
    }
    CrossCall call = CrossCall::to<&Mailbox::run>(*this);
    SpinMutex<Ipl::vm> mutex{"mailbox"};
    u32 value = 0;
    u32 seen = 0;
};

TEST(CrossCallSmp, ASendThatIsRefusedIsCoveredByTheOneOnItsWay) {
    explore(2, [](SmpMachine& machine) {
        Mailbox box;
        machine.on(0, [&](MayBlock const& context) {
            for (int round = 0; round < 3; ++round) {
                SpinGuard const guard(box.mutex, context);
                ++box.value;
                (void)box.call.send(machine.cpu(1));
            }
        });
        machine.run();
        EXPECT_EQ(box.seen, 3u);
        machine.expect_at_rest();
    });
}

struct Message {
    static void run(MayWake const&, Message& self) {
        atomic::store_relaxed(&self.read, self.written);
    }
    CrossCall call = CrossCall::to<&Message::run>(*this);
    u32 written = 0;
    u32 read = 0;
};

// What was stored before a send is there when it runs.
// Several to one CPU: only the first of those that are on their way sends an interrupt.
TEST(CrossCallSmp, PublishesWhatWasStoredBefore) {
    explore(3, [](SmpMachine& machine) {
        std::array<Message, 4> messages;
        machine.on_each([&](u32 number, MayBlock const&) {
            for (u32 i = 0; number != 2 && i < 2; ++i) {
                Message& message = messages[2 * number + i];
                message.written = 7;
                EXPECT_TRUE(message.call.send(machine.cpu(2)));
            }
            while (number == 2 && atomic::load_relaxed(&messages[3].read) == 0) {
                cpu_relax();
            }
        });
        machine.run();
        for (Message const& message : messages) {
            EXPECT_EQ(message.read, 7u);
        }
        machine.expect_at_rest();
    });
}

// One object of each CPU's own, scheduled by a device and by a thread of that CPU; and one that all
// of them want.
TEST(ContinuationSmp, EachScheduleIsOneRun) {
    explore(2, [](SmpMachine& machine) {
        u32 scheduled[3] = {};
        u32 runs[3] = {};
        auto const count = [&runs](u32 of) {
            return [&runs, of](MayBlock const&) { atomic::fetch_add(&runs[of], 1u); };
        };
        TestContinuation first(Ipl::softnet, count(0)), second(Ipl::softnet, count(1)),
            shared(Ipl::softbio, count(2));
        TestContinuation* const own[2] = {&first, &second};
        auto const schedule = [&](u32 number, auto const& context) {
            atomic::fetch_add(&scheduled[number], own[number]->schedule(context) ? 1u : 0u);
            atomic::fetch_add(&scheduled[2], shared.schedule(context) ? 1u : 0u);
        };
        for (u32 number = 0; number < 2; ++number) {
            machine.device<Ipl::vm>(number, 2,
                                    [&schedule, number](TopHalf<Ipl::vm> const& context) {
                                        schedule(number, context);
                                    });
        }
        machine.on_each([&](u32 number, MayBlock const& context) { schedule(number, context); });
        machine.run();
        for (u32 i = 0; i < 3; ++i) {
            EXPECT_GE(scheduled[i], 1u);
            EXPECT_EQ(runs[i], scheduled[i]) << "object " << i;
        }
        machine.expect_at_rest();
    });
}

// Each CPU has its own clock line and list of sleepers, and the time is one.
TEST(ClockSmp, EachCpuWakesItsOwnSleepers) {
    explore(2, [](SmpMachine& machine) {
        u32 woken = 0;
        auto const sleep = [&](u64 ns) {
            return [&woken, ns](MayBlock const& context) {
                u64 const begin = counter();
                Clock::sleep_ns(context, ns);
                EXPECT_GE(counter() - begin, Clock::ticks_of_ns(ns));
                atomic::fetch_add(&woken, 1u);
            };
        };
        for (u32 number = 0; number < 2; ++number) {
            machine.thread(number, "sleeper", kMainPriority + 1, sleep(500 + 300 * number));
            machine.on(number, sleep(700));
        }
        machine.run();
        EXPECT_EQ(woken, 4u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
