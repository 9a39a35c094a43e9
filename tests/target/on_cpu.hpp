// Work for another CPU, in tests: a function that runs there, in the softserial bottom half.
//
// Who: threads. Lock order: none.
#pragma once

#include "kern/base/atomic.hpp"
#include "kern/cpus.hpp"
#include "kern/cross_call.hpp"
#include "tests/target/check.hpp"

namespace pivot::test {

// Waits for something that another CPU will do; gives up after a minute, for a busy host is
// slow and nothing here is about time.
template <typename Condition>
void wait_until(Condition&& holds, const char* what) {
    for (u64 const end = counter() + 60 * counter_hz(); !holds(); cpu_relax()) {
        if (counter() > end) {
            fail(__FILE_NAME__, __LINE__, "waited in vain: {}", what);
        }
    }
}

struct Job {
    using Function = void (*)(MayWake const& context);

    Function function = nullptr;
    bool done = false;
    CrossCall call = CrossCall::to<&Job::run>(*this);

    static void run(MayWake const& context, Job& self) {
        self.function(context);
        atomic::store_release(&self.done, true);
    }
};

inline constinit Job g_jobs[kMaxCpus]{};

// Has CPU `id` run a function and does not wait for its end.
inline void begin_on(u32 id, Job::Function function) {
    Job& job = g_jobs[id];
    job.function = function;
    job.done = false;
    CHECK(job.call.send(cpu_of(id)));
}

// Has it run and waits.
inline void run_on(u32 id, Job::Function function) {
    begin_on(id, function);
    wait_until([&] { return atomic::load_acquire(&g_jobs[id].done); }, "a job on another CPU");
}

}  // namespace pivot::test
