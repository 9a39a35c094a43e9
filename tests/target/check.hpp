// What a test on the target says: CHECK, CHECK_EQUAL, CHECK_TRACE and, at its end, passed().
//
// The first failure prints its place and what it saw, and ends the machine with status 1. A test's
// image ends with status 0 when image_main returns. Usable in threads, bottom halves and top
// halves.
#pragma once

#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/check.hpp"

namespace pivot::test {

// What happened, a character an event, in the order in which it happened.
class Trace {
  public:
    void add(char event) {
        // A top half may come between any two instructions here: claim the place, then fill it.
        u32 const at = atomic::fetch_add(&length_, u32{1});
        check(at + 1 < kRoom, "the trace has room", __FILE_NAME__, __LINE__);
        text_[at] = event;
    }
    void clear() {
        length_ = 0;
        for (char& c : text_) {
            c = '\0';
        }
    }
    [[nodiscard]] bool is(const char* expected) const {
        u32 i = 0;
        while (expected[i] != '\0' && text_[i] == expected[i]) {
            ++i;
        }
        return expected[i] == text_[i];
    }
    [[nodiscard]] const char* text() const { return text_; }
    [[nodiscard]] u32 length() const { return length_; }

  private:
    static constexpr u32 kRoom = 512;
    u32 length_ = 0;
    char text_[kRoom] = {};
};

inline constinit Trace trace;

// Compares the trace and starts a new one.
inline void check_trace(const char* expected, const char* file, u32 line) {
    if (!trace.is(expected)) {
        fail(file, line, "it went \"{}\", not \"{}\"", trace.text(), expected);
    }
    trace.clear();
}

inline void passed(const char* name) { log("passed: {}", name); }

}  // namespace pivot::test

#define CHECK(condition) PIVOT_CHECK(condition)
#define CHECK_EQUAL(actual, expected) PIVOT_CHECK_EQUAL(actual, expected)
#define CHECK_TRACE(expected) ::pivot::test::check_trace((expected), __FILE_NAME__, __LINE__)
