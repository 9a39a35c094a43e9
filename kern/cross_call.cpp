#include "kern/cross_call.hpp"

#include "spl/spl.hpp"

namespace pivot {
namespace {

// The links are accessed atomically, for a sender may look at one at any time: whether the object
// is still on its way.

// Ends the list, for an object on its way never has a null link. No object lies at this address.
QueuedCall* const kLast = reinterpret_cast<QueuedCall*>(u64{kMark});

QueuedCall* oldest_first(QueuedCall* newest) {
    QueuedCall* done = kLast;
    while (newest != kLast) {
        auto* const older = static_cast<QueuedCall*>(atomic::load_relaxed(&newest->next));
        atomic::store_relaxed<Link*>(&newest->next, done);
        done = newest;
        newest = older;
    }
    return done;
}

}  // namespace

bool CrossCall::send(PerCpu& target) {
    NoPreemption const hold;
    return send_held(target);
}

// Preempted between the push and the SGI, it would hold up whoever pushes after it.
bool CrossCall::send_held(PerCpu& target) {
    if (!port::Cpu::acquire_if_zero(reinterpret_cast<u64*>(&next), kMark)) {
        return false;
    }
    QueuedCall* before = atomic::load_relaxed(&target.calls);
    do {
        atomic::store_relaxed<Link*>(&next, before != nullptr ? before : kLast);
    } while (
        !atomic::release_replace_or_load(&target.calls, before, static_cast<QueuedCall*>(this)));
    if (before == nullptr) {
        EventTrace::note(TraceKind::ipi, static_cast<u64>(Ipi::call), 0,
                         static_cast<u8>(target.id));
        interrupt_cpu(target, static_cast<u32>(Ipi::call));
    }
    return true;
}

void CrossCall::run_all(MayWake const& context) {
    QueuedCall* const newest =
        atomic::exchange<QueuedCall*>(&this_cpu().calls, static_cast<QueuedCall*>(nullptr));
    if (newest == nullptr) {
        return;
    }
    for (QueuedCall* call = oldest_first(newest); call != kLast;) {
        auto* const after = static_cast<QueuedCall*>(atomic::load_relaxed(&call->next));
        auto* const function = call->function;
        void* const owner = call->owner;
        atomic::store_release<Link*>(&call->next, nullptr);  // it may be sent again from here on
        function(&context, owner);
        call = after;
    }
}

void CrossCall::run_all_here() {
    ThreadStart::with_token([](MayWake const& context) { run_all(context); });
}

}  // namespace pivot
