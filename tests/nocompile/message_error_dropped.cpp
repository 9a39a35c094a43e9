// Nobody looks whether the queue was full: the message is lost.
// expect-gcc: ignoring returned value of type .*MessageError.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
// explains: nodiscard
#include "kern/message_queue.hpp"

namespace pivot {

#ifdef PIVOT_VALID
bool pass_on(MayBlock const& context, MessageQueue<u32, 8>& bytes, u32 byte) {
    return bytes.try_send(context, byte) == MessageError::none;
}
#else
bool pass_on(MayBlock const& context, MessageQueue<u32, 8>& bytes, u32 byte) {
    bytes.try_send(context, byte);
    return true;
}
#endif

}  // namespace pivot
