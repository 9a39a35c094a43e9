#include "kern/shell/line_editor.hpp"

namespace pivot {
namespace {

constexpr u8 kControlC = 0x03;
constexpr u8 kBackspace = 0x08;
constexpr u8 kControlN = 0x0e;
constexpr u8 kControlP = 0x10;
constexpr u8 kControlU = 0x15;
constexpr u8 kControlW = 0x17;
constexpr u8 kEscape = 0x1b;
constexpr u8 kDelete = 0x7f;

constexpr bool is_printable(u8 byte) { return byte >= 0x20 && byte < 0x7f; }

}  // namespace

Typed LineEditor::feed(u8 byte) {
    bool const second_half = after_cr_ && byte == '\n';
    after_cr_ = byte == '\r';
    if (second_half || swallow(byte)) {
        return Typed::more;
    }
    switch (byte) {
        case '\r':
        case '\n':
            return end(Typed::line, "\n", 1);
        case kControlC:
            return end(Typed::cancelled, "^C\n", 3);
        case kBackspace:
        case kDelete:
            erase(length_ == 0 ? 0 : 1);
            break;
        case kControlW:
            erase(last_word());
            break;
        case kControlU:
            erase(length_);
            overlong_ = false;
            break;
        case kControlP:
            recall(back_ + 1);
            break;
        case kControlN:
            recall(back_ == 0 ? 0 : back_ - 1);
            break;
        case '\t':
            complete_word();
            break;
        default:
            if (is_printable(byte)) {
                insert(static_cast<char>(byte));
            }
            break;
    }
    return Typed::more;
}

void LineEditor::clear() {
    length_ = 0;
    back_ = 0;
    overlong_ = false;
    text_[0] = '\0';
}

// True if the byte belongs to an escape sequence. A control byte ends one and counts for itself:
// Enter must work after a key that we do not know.
bool LineEditor::swallow(u8 byte) {
    if (!is_printable(byte)) {
        escape_ = byte == kEscape ? Escape::begun : Escape::none;
        return byte == kEscape;
    }
    switch (escape_) {
        case Escape::none:
            return false;
        case Escape::begun:
            if (byte == '[') {
                escape_ = Escape::sequence;
            } else if (byte == 'O') {
                escape_ = Escape::one_more;
            } else if (byte >= 0x30) {  // below are intermediate bytes: ESC ( B
                escape_ = Escape::none;
            }
            return true;
        case Escape::sequence:
            if (byte >= 0x40) {  // parameters and intermediates lie below
                escape_ = Escape::none;
                press(byte);
            }
            return true;
        case Escape::one_more:
            escape_ = Escape::none;
            press(byte);
            return true;
    }
    return false;
}

// The key whose sequence ends so.
void LineEditor::press(u8 last) {
    if (last == 'A') {
        recall(back_ + 1);
    } else if (last == 'B') {
        recall(back_ == 0 ? 0 : back_ - 1);
    }
}

void LineEditor::complete_word() {
    if (complete_ == nullptr) {
        insert(' ');
        return;
    }
    char rest[kLongest];
    u32 const count = complete_(who_, text_, length_, rest);
    if (count == 0) {
        echo_("\a", 1);
    }
    for (u32 i = 0; i < count; ++i) {
        insert(rest[i]);
    }
}

// Not the same line twice in a row, nor an empty one.
void LineEditor::keep() {
    char const* const last = kept_[(lines_ + kKept - 1) % kKept];
    u32 i = 0;
    while (i < length_ && text_[i] == last[i]) {
        ++i;
    }
    if (length_ == 0 || overlong_ || (i == length_ && last[i] == '\0')) {
        return;
    }
    char* const kept = kept_[lines_++ % kKept];
    for (i = 0; i <= length_; ++i) {
        kept[i] = text_[i];
    }
}

// Shows the line that is so many back: 1 is the last one, 0 an empty line.
void LineEditor::recall(u32 back) {
    if (back > lines_ || back > kKept) {
        echo_("\a", 1);
        return;
    }
    back_ = back;
    erase(length_);
    overlong_ = false;
    if (back != 0) {
        for (char const* c = kept_[(lines_ - back) % kKept]; *c != '\0'; ++c) {
            insert(*c);
        }
    }
}

void LineEditor::insert(char c) {
    if (length_ == kLongest) {
        if (!overlong_) {
            echo_("\a", 1);
        }
        overlong_ = true;
        return;
    }
    text_[length_++] = c;
    echo_(&c, 1);
}

void LineEditor::erase(u32 count) {
    length_ -= count;
    for (; count != 0; --count) {
        echo_("\b \b", 3);
    }
}

// The last word and the spaces behind it.
u32 LineEditor::last_word() const {
    u32 start = length_;
    while (start != 0 && text_[start - 1] == ' ') {
        --start;
    }
    while (start != 0 && text_[start - 1] != ' ') {
        --start;
    }
    return length_ - start;
}

Typed LineEditor::end(Typed how, const char* text, usize length) {
    text_[length_] = '\0';
    if (how == Typed::line) {
        keep();
    }
    echo_(text, length);
    return how;
}

}  // namespace pivot
