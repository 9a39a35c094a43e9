// A callout waits: its token can wake, but not block.
// expect-gcc: cannot convert 'const pivot::MayWake' to 'const pivot::MayBlock&'|invalid init
// expect-clang: no viable conversion from .*MayWake.* to .*MayBlock|could not bind to an lvalue
#include "kern/clock.hpp"

namespace pivot {

struct Blinker {
    Callout* other;
};

void blink(MayWake const& context, Blinker& self) {
#ifdef PIVOT_VALID
    self.other->arm_after_ns(context, 1000);
#else
    Clock::sleep_ns(context, 1000);
    (void)self;
#endif
}

constinit Blinker g_blinker{};
constinit Callout g_blink = Callout::to<&blink>(g_blinker);

}  // namespace pivot
