// A callout whose function is a lambda, and which is not armed any more when it goes.
//
// Who: unit tests. Lock order: as kern/callout.hpp.
#pragma once

#include "kern/callout.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {

class TestCallout {
  public:
    using Body = std::function<void(MayWake const&)>;
    explicit TestCallout(Body body) : body_(std::move(body)) {}
    TestCallout(TestCallout const&) = delete;
    TestCallout& operator=(TestCallout const&) = delete;
    ~TestCallout() {
        BootThread::run([this](MayBlock const& context) { (void)callout_.cancel(context); });
    }

    Callout* operator->() { return &callout_; }

  private:
    static void call(MayWake const& context, TestCallout& self) { self.body_(context); }
    Body body_;
    Callout callout_ = Callout::to<&call>(*this, "test");
};

}  // namespace pivot
