// A failed EXPECT takes GoogleTest's lock, and in there it calls templates of the library of which
// the linker may have chosen an instrumented copy. Were another CPU to go on then and fail, too, it
// would wait for that lock for ever. So failing is harness work: no points. Linked with --wrap.
#include <gtest/gtest.h>

#include "arch/host/sim_cpu.hpp"

// AssertHelper::operator=(Message const&) const, which EXPECT_* ends in when it fails.
#define PIVOT_REPORT _ZNK7testing8internal12AssertHelperaSERKNS_7MessageE
#define PIVOT_JOIN(prefix, name) prefix##name
#define PIVOT_NAME(prefix, name) PIVOT_JOIN(prefix, name)

extern "C" {

void PIVOT_NAME(__real_, PIVOT_REPORT)(const void* helper, const testing::Message& message);
void PIVOT_NAME(__wrap_, PIVOT_REPORT)(const void* helper, const testing::Message& message);

void PIVOT_NAME(__wrap_, PIVOT_REPORT)(const void* helper, const testing::Message& message) {
    pivot::sim::Quiet const quiet;
    PIVOT_NAME(__real_, PIVOT_REPORT)(helper, message);
}

}  // extern "C"
