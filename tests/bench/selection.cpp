#include "tests/bench/selection.hpp"

#include "semihosting.hpp"

namespace pivot::inject {
namespace {

// What follows `prefix` in the text; null if it does not begin so.
const char* after(const char* text, const char* prefix) {
    for (; *prefix != '\0'; ++text, ++prefix) {
        if (*text != *prefix) {
            return nullptr;
        }
    }
    return text;
}

bool is(const char* text, const char* word) {
    const char* const rest = after(text, word);
    return rest != nullptr && *rest == '\0';
}

// False if it is no number.
bool read_number(const char* text, u32& number) {
    number = 0;
    for (; *text >= '0' && *text <= '9'; ++text) {
        number = number * 10 + static_cast<u32>(*text - '0');
    }
    return *text == '\0';
}

constinit char g_line[4096] = {};

}  // namespace

bool Selection::read_command_line() {
    usize const length = port::command_line(g_line, sizeof(g_line) - 1);
    bool within = false;
    u32 words = 0;
    for (usize i = 0; i < length && i < sizeof(g_line) - 1; ++i) {
        bool const space = g_line[i] == ' ' || g_line[i] == '\0';
        words += !space && !within ? 1 : 0;
        within = !space;
        g_line[i] = space ? '\0' : g_line[i];
    }
    const char* word = g_line;
    for (u32 i = 0; i < words; ++i) {
        while (*word == '\0') {
            ++word;
        }
        if (i > 0 && !read_word(word)) {
            return false;
        }
        while (*word != '\0') {
            ++word;
        }
    }
    return true;
}

bool Selection::read_word(const char* word) {
    if (const char* const name = after(word, "op=")) {
        if (count_ == kMost) {
            return false;
        }
        names_[count_++] = name;
        return true;
    }
    if (const char* const first = after(word, "first=")) {
        return read_number(first, first_);
    }
    if (const char* const most = after(word, "count=")) {
        return read_number(most, most_);
    }
    pairs_ = pairs_ || is(word, "pairs");
    list_ = list_ || is(word, "list");
    strip_ = strip_ || is(word, "strip");
    return is(word, "pairs") || is(word, "list") || is(word, "strip");
}

// By the name as far as a comma: what follows says what is injected.
bool Selection::names(const char* operation) const {
    for (u32 i = 0; i < count_; ++i) {
        const char* const rest = after(operation, names_[i]);
        if (rest != nullptr && (*rest == '\0' || *rest == ',')) {
            return true;
        }
    }
    return count_ == 0;
}

bool Selection::takes(const char* name) {
    if (!names(name)) {
        return false;
    }
    u32 const index = seen_++;
    return index >= first_ && index - first_ < most_;
}

}  // namespace pivot::inject
