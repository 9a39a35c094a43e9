// Text from values: "{}" decimal or text, "{x}" hexadecimal, each taking the next argument.
//
// Who: both; writes to the sink that it is given and keeps nothing. Lock order: none.
#pragma once

#include <concepts>

#include "kern/base/types.hpp"

namespace pivot {

// One argument of a pattern.
struct FormatArg {
    // What it is printed as.
    enum class Kind : u8 { unsigned_number, signed_number, text, character };
    // What `value` is.
    Kind kind;
    // The number, the character, or the text's address.
    u64 value;

    // A number without a sign.
    template <std::unsigned_integral T>
    constexpr FormatArg(T number) : kind(Kind::unsigned_number), value(number) {}
    // A number with a sign; "{x}" shows a negative one in decimal.
    template <std::signed_integral T>
    constexpr FormatArg(T number) : kind(Kind::signed_number), value(static_cast<u64>(number)) {}
    // One character.
    constexpr FormatArg(char c) : kind(Kind::character), value(static_cast<u8>(c)) {}
    // A text that ends in NUL; null is shown as "-".
    FormatArg(const char* text) : kind(Kind::text), value(reinterpret_cast<u64>(text)) {}
    // An address; a number like others, so "{x}" for hexadecimal.
    FormatArg(const void* pointer)
        : kind(Kind::unsigned_number), value(reinterpret_cast<u64>(pointer)) {}
};

// Takes the text piece by piece, not ended by NUL. `state` is what format was given.
using FormatSink = void (*)(void* state, const char* text, usize length);

// `width`: "{8}" pads on the left, "{-8}" on the right, "{x16}" to 16 hexadecimal digits.
void format(FormatSink sink, void* state, const char* pattern, FormatArg const* args, usize count);

}  // namespace pivot
