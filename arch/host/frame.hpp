// The offsets that this port's switch code uses instead of the names of Thread's private fields, as
// the assembly of a real port does. kern/sched.cpp asserts them.
//
// Who: arch/host/switch.cpp. Lock order: none.
#pragma once

#define ATTENTION_SOFTCLOCK 4
#define THREAD_SP 0
#define THREAD_STACK_TOP 8
#define THREAD_BASE_SPL 16
#define THREAD_PINNED 24
#define THREAD_PINNED_SP 32
#define THREAD_MARK 40
#define THREAD_NEXT 56
#define THREAD_PRIORITY 64
#define RUN_TAIL 8

// The levels that entry and exit know: all soft ones.
#define SPL_SOFT 0xffffffff00000000
