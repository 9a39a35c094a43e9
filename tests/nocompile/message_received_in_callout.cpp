// A callout waits for a message: all sleeping threads would wait for it.
// expect-gcc: no matching function for call to .*receive.const pivot::MayWake&
// expect-clang: no matching member function for call to 'receive'
// explains: MayBlock
#include "kern/message_queue.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void poll(MayWake const& context, MessageQueue<u32, 8>& bytes) {
    u32 byte = 0;
    (void)bytes.try_receive(context, byte);
}
#else
void poll(MayWake const& context, MessageQueue<u32, 8>& bytes) {
    u32 byte = 0;
    bytes.receive(context, byte);
}
#endif

}  // namespace pivot
