// A top half sends a message, even without waiting: the queue is not guarded against top halves.
// expect-gcc: use of deleted function .*MessageQueue<.*>::try_send
// expect-clang: call to deleted member function 'try_send'
// explains: schedule a continuation that sends
#include "kern/message_queue.hpp"

namespace pivot {

#ifdef PIVOT_VALID
MessageError pass_on(MayBlock const& context, MessageQueue<u32, 8>& bytes, u32 byte) {
    return bytes.try_send(context, byte);
}
#else
void pass_on(TopHalf<Ipl::vm> const& context, MessageQueue<u32, 8>& bytes, u32 byte) {
    bytes.try_send(context, byte);
}
#endif

}  // namespace pivot
