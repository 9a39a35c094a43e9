// Records that several images print (qemu/protocol.py reads them).
#pragma once

#include "tests/bench/injector.hpp"

namespace pivot::bench {

// "0x... in function".
void print_place(uptr pc);

// The first record.
void report_begin();

// What an injection has found; the operation's name is in two parts.
void report_injection(const char* name, const char* suffix, inject::Result const& result);

// The same for an injected interrupt of a level that the operation holds off: the longest is how
// long it waited.
void report_held(const char* name, const char* suffix, const char* level,
                 inject::Result const& result);

// What report_held leaves out: the shortest wait, and where the longest was.
void report_where(const char* name, const char* suffix, const char* level,
                  inject::Result const& result);

// Where the interrupt came that was injected an instruction before the worst one.
void report_before(const char* name, const char* level, inject::Result const& result);

// The worst of an injection into what `x` of something did at the same time.
void report_worst(const char* by, u32 x, inject::Result const& result);

}  // namespace pivot::bench
