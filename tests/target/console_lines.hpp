// Numbered lines, handed to the console in one piece that is several times what its ring holds:
// QEMU's UART takes bytes as fast as they are written, so only that makes a print wait for room.
#pragma once

#include "kern/base/log.hpp"

namespace pivot::test {

class Lines {
  public:
    // Prints the next 200 lines, naming the place that they are printed from (console_print.py
    // knows it).
    void print_from(const char* where) {
        length_ = 0;
        for (u32 i = 0; i < kLines; ++i) {
            FormatArg const args[] = {FormatArg(number_++), FormatArg(where)};
            format(&append, this, "{6} from {-24} the quick brown fox jumps over the lazy dog\n",
                   args, 2);
        }
        console()(text_, length_);
    }

  private:
    static constexpr u32 kLines = 200;

    static void append(void* state, const char* text, usize length) {
        auto& self = *static_cast<Lines*>(state);
        for (usize i = 0; i < length && self.length_ < sizeof(text_); ++i) {
            self.text_[self.length_++] = text[i];
        }
    }

    char text_[kLines * 100] = {};
    usize length_ = 0;
    u32 number_ = 0;
};

inline constinit Lines lines{};

}  // namespace pivot::test
