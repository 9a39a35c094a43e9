// A thread whose function is a lambda, started on any CPU by whoever wants to.
//
// Who: scenarios. Lock order: none.
#pragma once

#include "tests/unit/support/explorer.hpp"

namespace pivot {

class Started {
  public:
    using Body = SmpMachine::Body;
    Started(const char* name, Body body) : thread_(name), body_(std::move(body)) {}
    Started(Started const&) = delete;

    ThreadError start_on(PerCpu& cpu, u32 priority) {
        return thread_.start_on<&Started::call>(cpu, stack_, priority, *this);
    }
    [[nodiscard]] Thread& get() { return thread_; }

  private:
    static void call(MayBlock const& context, Started& self) { self.body_(context); }
    Thread thread_;
    Body body_;
    StackMemory<4096> stack_;
};

}  // namespace pivot
