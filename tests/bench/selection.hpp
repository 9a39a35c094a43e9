// Which part of the injection campaign is asked for, by the words of the image's command line
// (qemu/inject.py says them; without any it is all of it):
//
//     pairs       two interrupts instead of one
//     op=NAME     that operation, with all that is injected into it; again for each one more
//     first=K     of those, in the order of the campaign, only from the Kth on, counted from 0
//     count=N     and only N of them
//     list        say which operations there are, and run none
//     strip       print the latency at each point, too
//
// Who: the thread "main". Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::inject {

class Selection {
  public:
    // False if a word is none of these; what is the program's own name is not looked at.
    [[nodiscard]] bool read_command_line();

    [[nodiscard]] bool pairs() const { return pairs_; }
    [[nodiscard]] bool list() const { return list_; }
    [[nodiscard]] bool strip() const { return strip_; }

    // Whether the operation is to run. Asked once for each, in the order of the campaign, for they
    // are counted here.
    [[nodiscard]] bool takes(const char* name);

  private:
    [[nodiscard]] bool read_word(const char* word);
    [[nodiscard]] bool names(const char* operation) const;

    static constexpr u32 kMost = 128;
    const char* names_[kMost] = {};
    u32 count_ = 0;
    u32 first_ = 0;
    u32 most_ = ~u32{0};
    u32 seen_ = 0;  // of those that are named
    bool pairs_ = false;
    bool list_ = false;
    bool strip_ = false;
};

}  // namespace pivot::inject
