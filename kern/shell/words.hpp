// A command line taken apart at its spaces.
//
// Who: anyone. Lock order: none. The words lie in the caller's line, which is written into.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

class Words {
  public:
    static constexpr u32 kMost = 8;  // further ones are counted, not kept

    // Ends each word of `line` with a NUL, in place. Words beyond kMost are counted, not kept.
    explicit Words(char* line);

    // How many words the line has, those that were not kept included.
    [[nodiscard]] u32 count() const { return count_; }
    // Word `i`, or "" if there is none.
    [[nodiscard]] const char* operator[](u32 i) const {
        return i < count_ && i < kMost ? word_[i] : "";
    }
    // Whether word `i` is that text.
    [[nodiscard]] bool is(u32 i, const char* text) const;
    // Word `i` as a decimal number below 2^32; false if it is not one.
    [[nodiscard]] bool number(u32 i, u32& value) const;

  private:
    const char* word_[kMost] = {};
    u32 count_ = 0;
};

}  // namespace pivot
