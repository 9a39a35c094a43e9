// What a parameterised test image is told to do: the words of its command line (qemu/run.py --arg).
// Who: test images. Lock order: none.
#pragma once

#include "kern/base/types.hpp"
#include "semihosting.hpp"

namespace pivot::test {

[[nodiscard]] inline bool same(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}

// The command line, cut into words.
class CommandLine {
  public:
    CommandLine() {
        usize const length = port::command_line(text_, sizeof(text_));
        bool within = false;
        for (usize i = 0; i < length && i < sizeof(text_); ++i) {
            bool const space = text_[i] == ' ' || text_[i] == '\0';
            if (!space && !within && count_ < kMost) {
                words_[count_++] = &text_[i];
            }
            within = !space;
            text_[i] = space ? '\0' : text_[i];
        }
        text_[sizeof(text_) - 1] = '\0';
    }

    // The `index`th word; "" if there are not that many.
    [[nodiscard]] const char* word(u32 index) const { return index < count_ ? words_[index] : ""; }
    [[nodiscard]] bool has(const char* word) const {
        for (u32 i = 0; i < count_; ++i) {
            if (same(words_[i], word)) {
                return true;
            }
        }
        return false;
    }
    // N of the word "KEYN"; 0 if there is none.
    [[nodiscard]] u64 number(const char* key) const {
        for (u32 i = 0; i < count_; ++i) {
            if (const char* digits = behind(words_[i], key)) {
                u64 number = 0;
                for (; *digits >= '0' && *digits <= '9'; ++digits) {
                    number = number * 10 + static_cast<u64>(*digits - '0');
                }
                return number;
            }
        }
        return 0;
    }

  private:
    // What follows `key` in the text; null if it does not begin so.
    static const char* behind(const char* text, const char* key) {
        for (; *key != '\0'; ++text, ++key) {
            if (*text != *key) {
                return nullptr;
            }
        }
        return text;
    }

    static constexpr u32 kMost = 8;
    char text_[128] = {};
    const char* words_[kMost] = {};
    u32 count_ = 0;
};

}  // namespace pivot::test
