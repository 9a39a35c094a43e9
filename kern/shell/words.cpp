#include "kern/shell/words.hpp"

namespace pivot {

Words::Words(char* line) {
    bool inside = false;
    for (char* p = line; *p != '\0'; ++p) {
        if (*p == ' ') {
            *p = '\0';
            inside = false;
        } else if (!inside) {
            inside = true;
            if (count_ < kMost) {
                word_[count_] = p;
            }
            ++count_;
        }
    }
}

bool Words::is(u32 i, const char* text) const {
    const char* word = (*this)[i];
    while (*word != '\0' && *word == *text) {
        ++word;
        ++text;
    }
    return *word == *text;
}

bool Words::number(u32 i, u32& value) const {
    u64 sum = 0;
    const char* digit = (*this)[i];
    if (*digit == '\0') {
        return false;
    }
    for (; *digit != '\0'; ++digit) {
        if (*digit < '0' || *digit > '9') {
            return false;
        }
        sum = sum * 10 + static_cast<u64>(*digit - '0');
        if (sum > 0xffff'ffff) {
            return false;
        }
    }
    value = static_cast<u32>(sum);
    return true;
}

}  // namespace pivot
