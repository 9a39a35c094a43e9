// A big message would be copied with preemption held off.
// expect-gcc: static assertion failed
// expect-clang: static_assert failed
// explains: a big message is sent as a pointer to it
#include "kern/message_queue.hpp"

namespace pivot {

#ifdef PIVOT_VALID
struct Frame {
    u8 bytes[1536];
};
constinit MessageQueue<Frame*, 8> g_frames{"frames"};
#else
struct Frame {
    u8 bytes[1536];
};
constinit MessageQueue<Frame, 8> g_frames{"frames"};
#endif

}  // namespace pivot
