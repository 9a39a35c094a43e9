#include "intr/continuation.hpp"

namespace pivot {

Continuation* Continuation::take(SoftQueue& queue) {
    Link* const first = atomic::load_relaxed(&queue.stub.next);
    if (first == nullptr) {
        return nullptr;
    }
    Link* next = atomic::load_relaxed(&first->next);
    if (next == last_mark()) {
        // Before the tail goes back to the stub, or a push in between would be overwritten.
        atomic::store_relaxed<Link*>(&queue.stub.next, nullptr);
        compiler_barrier();
        if (!atomic::replace(&queue.tail, first, &queue.stub)) {
            next = atomic::load_relaxed(&first->next);  // the top half that interrupted has linked it
            atomic::store_relaxed(&queue.stub.next, next);
        }
    } else {
        atomic::store_relaxed(&queue.stub.next, next);
    }
    atomic::store_release<Link*>(&first->next, nullptr);  // from here on it may be scheduled again
    return static_cast<Continuation*>(first);
}

}  // namespace pivot
