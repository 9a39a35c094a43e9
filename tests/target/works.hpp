// Continuations that say in the trace that they run, and do what they are told in between.
#pragma once

#include "tests/target/probes.hpp"

namespace pivot::test {

// Leaves its name in the trace when it begins and a '.' when it ends.
struct Work {
    char name;
    Ipl level;
    void (*does)(MayBlock const&) = nullptr;  // once
};

inline void work(MayBlock const& context, Work& self) {
    trace.add(self.name);
    CHECK(!on_interrupt_stack());
    CHECK_EQUAL(spl_current().held, held_at(self.level));
    if (auto const does = self.does; does != nullptr) {
        self.does = nullptr;
        does(context);
        CHECK_EQUAL(spl_current().held, held_at(self.level));
    }
    trace.add('.');
}

inline constinit Work g_clock{'c', Ipl::softclock};
inline constinit Work g_bio{'b', Ipl::softbio};
inline constinit Work g_net{'n', Ipl::softnet};
inline constinit Work g_net_2{'2', Ipl::softnet};
inline constinit Work g_net_3{'3', Ipl::softnet};
inline constinit Work g_serial{'r', Ipl::softserial};

inline constinit Continuation clock_work = Continuation::to<&work>(Ipl::softclock, g_clock);
inline constinit Continuation bio_work = Continuation::to<&work>(Ipl::softbio, g_bio);
inline constinit Continuation net_work = Continuation::to<&work>(Ipl::softnet, g_net);
inline constinit Continuation net_work_2 = Continuation::to<&work>(Ipl::softnet, g_net_2);
inline constinit Continuation net_work_3 = Continuation::to<&work>(Ipl::softnet, g_net_3);
inline constinit Continuation serial_work = Continuation::to<&work>(Ipl::softserial, g_serial);

}  // namespace pivot::test
