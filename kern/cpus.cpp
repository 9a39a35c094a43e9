#include "kern/cpus.hpp"

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"

namespace pivot {
namespace {

constinit u64 g_online = 0;

}  // namespace

u64 online_set() { return atomic::load_acquire(&g_online); }

u32 cpus_online() {
    u32 count = 0;  // no popcount: without SIMD registers it is a call into the compiler's library
    for (u64 set = online_set(); set != 0; set &= set - 1) {
        ++count;
    }
    return count;
}

void clear_online_set() { atomic::store_release(&g_online, u64{0}); }

void join_online_set() { atomic::fetch_or(&g_online, u64{1} << this_cpu().id); }

}  // namespace pivot
