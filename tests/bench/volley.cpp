#include "tests/bench/volley.hpp"

namespace pivot::inject {

void Volley::begin(u64 first) {
    deadline_ = first;
    active_ = true;
    PhysicalTimer::arm(first);
}

void Volley::end() {
    active_ = false;
    PhysicalTimer::quiet();
}

}  // namespace pivot::inject
