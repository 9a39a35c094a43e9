// Whether the thread could be started is not looked at.
// expect-gcc: ignoring returned value of type .*ThreadError.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
#include "kern/thread.hpp"

namespace pivot {

void work(MayBlock const& context, int& items);

ThreadError launch(Thread& worker, StackMemory<8192>& stack, int& items) {
#ifdef PIVOT_VALID
    return worker.start<&work>(stack, 5, items);
#else
    worker.start<&work>(stack, 5, items);
    return ThreadError::none;
#endif
}

}  // namespace pivot
