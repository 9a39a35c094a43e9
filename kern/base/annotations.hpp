// What clang's -Wthread-safety needs to be told: which guard a member has, and who takes it. With
// another compiler these are nothing; they never make code.
//
// Who: anyone. Lock order: none.
//
//     SpinMutex<Ipl::vm> mutex{"port"};
//     u32 head PIVOT_GUARDED_BY(mutex) = 0;
//     u32 ticks PIVOT_GUARDED_BY(spl_capability(Ipl::vm)) = 0;
//
// It sees what a function does by itself; the checker (mutex/guard_check.hpp) what a machine does.
#pragma once

#if defined(__clang__)
#define PIVOT_ANNOTATION(x) __attribute__((x))
#else
// An attribute that clang alone knows.
#define PIVOT_ANNOTATION(x)
#endif

// Of a type that is a guard; a clang warning calls it by `name`.
// clang-format off
#define PIVOT_CAPABILITY(name) PIVOT_ANNOTATION(capability(name))
// Of a type whose objects take a guard and release it when they end.
#define PIVOT_SCOPED_GUARD PIVOT_ANNOTATION(scoped_lockable)
// Of a member that is touched under the guard alone.
#define PIVOT_GUARDED_BY(guard) PIVOT_ANNOTATION(guarded_by(guard))
// Of a function that is called with the guard held.
#define PIVOT_REQUIRES(...) PIVOT_ANNOTATION(requires_capability(__VA_ARGS__))
// Of a function that takes the guard.
#define PIVOT_ACQUIRES(...) PIVOT_ANNOTATION(acquire_capability(__VA_ARGS__))
// Of a function that may take it; the first argument is what it returns then.
#define PIVOT_TRIES(...) PIVOT_ANNOTATION(try_acquire_capability(__VA_ARGS__))
// Of a function that releases it.
#define PIVOT_RELEASES(...) PIVOT_ANNOTATION(release_capability(__VA_ARGS__))
// Of a function that takes or releases what its caller has, in a way that cannot be said.
#define PIVOT_NO_GUARD_ANALYSIS PIVOT_ANNOTATION(no_thread_safety_analysis)
// clang-format on
