#include "kern/base/format.hpp"

namespace pivot {
namespace {

struct Spec {
    bool hex = false;
    bool left = false;
    u32 width = 0;
};

struct Text {
    const char* begin;
    usize length;
};

// A 64-bit number needs at most 20 digits and a sign.
struct Digits {
    char buffer[24];

    Text number(u64 value, bool negative, u64 base) {
        char* p = buffer + sizeof(buffer);
        do {
            *--p = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        if (negative) {
            *--p = '-';
        }
        return {p, static_cast<usize>(buffer + sizeof(buffer) - p)};
    }
};

usize length_of(const char* text) {
    usize n = 0;
    while (text[n] != '\0') {
        ++n;
    }
    return n;
}

Text text_of(FormatArg const& arg, Spec const& spec, Digits& digits) {
    switch (arg.kind) {
        case FormatArg::Kind::text: {
            auto const* const text = reinterpret_cast<const char*>(arg.value);
            return text == nullptr ? Text{"-", 1} : Text{text, length_of(text)};
        }
        case FormatArg::Kind::character:
            digits.buffer[0] = static_cast<char>(arg.value);
            return {digits.buffer, 1};
        case FormatArg::Kind::signed_number:
            if (static_cast<std::int64_t>(arg.value) < 0) {
                return digits.number(~arg.value + 1, true, 10);
            }
            [[fallthrough]];
        case FormatArg::Kind::unsigned_number:
            return digits.number(arg.value, false, spec.hex ? 16 : 10);
    }
    return {"?", 1};
}

void pad(FormatSink sink, void* state, char with, usize count) {
    for (; count != 0; --count) {
        sink(state, &with, 1);
    }
}

// Reads "x16}", "-8}" or "}" after the brace; returns what follows.
const char* read_spec(const char* p, Spec& spec) {
    for (; *p != '\0' && *p != '}'; ++p) {
        if (*p == 'x') {
            spec.hex = true;
        } else if (*p == '-') {
            spec.left = true;
        } else if (*p >= '0' && *p <= '9') {
            spec.width = spec.width * 10 + static_cast<u32>(*p - '0');
        }
    }
    return *p == '}' ? p + 1 : p;
}

void put(FormatSink sink, void* state, FormatArg const& arg, Spec const& spec) {
    Digits digits;
    Text const text = text_of(arg, spec, digits);
    usize const missing = spec.width > text.length ? spec.width - text.length : 0;
    if (!spec.left) {
        pad(sink, state, spec.hex ? '0' : ' ', missing);
    }
    sink(state, text.begin, text.length);
    if (spec.left) {
        pad(sink, state, ' ', missing);
    }
}

}  // namespace

void format(FormatSink sink, void* state, const char* pattern, FormatArg const* args, usize count) {
    usize used = 0;
    while (*pattern != '\0') {
        usize plain = 0;
        while (pattern[plain] != '\0' && pattern[plain] != '{') {
            ++plain;
        }
        if (plain != 0) {
            sink(state, pattern, plain);
            pattern += plain;
            continue;
        }
        Spec spec;
        pattern = read_spec(pattern + 1, spec);
        if (used < count) {
            put(sink, state, args[used++], spec);
        } else {
            sink(state, "{?}", 3);
        }
    }
}

}  // namespace pivot
