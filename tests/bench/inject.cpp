// The injection image: an interrupt at every instruction of each operation of the kernel, one
// record an operation.
#include "kern/main.hpp"
#include "tests/bench/campaign.hpp"

namespace pivot {
namespace {

constexpr inject::List kLists[] = {
    &inject::level_operations, &inject::spl_operations,    &inject::system_operations,
    &inject::lock_operations,  &inject::wait_operations,   &inject::sync_operations,
    &inject::timer_operations, &inject::thread_operations, &inject::contended_operations,
};

}  // namespace

void image_main(MayBlock const& context) {
    inject::campaign(context, kLists, sizeof(kLists) / sizeof(kLists[0]));
}

}  // namespace pivot
