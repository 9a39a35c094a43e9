// Where context tokens of threads are made, and nowhere else.
//
// Who: its friends, each of which is a way in which a thread's code begins. Lock order: none.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/trace/trace.hpp"
#include "spl/context.hpp"

namespace pivot {

struct ThreadStart {
  private:
    friend class Thread;        // a thread's function
    friend class Continuation;  // a continuation, on the bottom half's thread
    friend class CrossCall;     // a call from another CPU, on the softserial bottom half's thread
    friend class Callout;       // a timer's function, on the softclock bottom half's thread
    friend class Scheduler;     // which runs on a thread, but is called without a token
    friend class BottomHalf;    // the same
    friend struct LegacySleep;  // unconverted code, which knows no tokens (spl/legacy/sleep.cpp)
    friend struct BootThread;   // the code that boots (kern/main.cpp; the unit tests' machine)

    template <auto Fn, typename T>
    static void run(void* argument) {
        MayBlock const token;
        Fn(token, *static_cast<T*>(argument));
    }
    // The drain loop passes an address that is as good as any for a token without members.
    template <auto Fn, typename T>
    static void continue_with(const void* token, void* owner) {
        EventTrace::note(TraceKind::begin, EventTrace::address(owner), traced_as<Fn, T>());
        if constexpr (kChecked) {
            SpinMutexBase const* const held = this_cpu().held;  // by whom we have interrupted
            Fn(*static_cast<MayBlock const*>(token), *static_cast<T*>(owner));
            check_continuation_end(held);
        } else {
            Fn(*static_cast<MayBlock const*>(token), *static_cast<T*>(owner));
        }
        EventTrace::note(TraceKind::end, EventTrace::address(owner), traced_as<Fn, T>());
    }
    // What a continuation of it is queued with.
    template <auto Fn, typename T>
    static u64 traced_as() {
        return reinterpret_cast<u64>(&continue_with<Fn, T>);
    }
    template <auto Fn, typename T>
    static void wake_with(const void* token, void* owner) {
        Fn(*static_cast<MayWake const*>(token), *static_cast<T*>(owner));
    }
    static void check_continuation_end(SpinMutexBase const* held_before);
    template <typename F>
    static void with_token(F&& function) {
        MayBlock const token;
        function(token);
    }
};

}  // namespace pivot
