#include "kern/shell/line_editor.hpp"

namespace pivot {
namespace {

constexpr u8 control(char letter) { return static_cast<u8>(letter & 0x1f); }

constexpr const char* kBackspaces = "\b\b\b\b\b\b\b\b";
constexpr u8 kBackspace = 0x08;
constexpr u8 kEscape = 0x1b;
constexpr u8 kDelete = 0x7f;
constexpr u32 kNoParameter = 1000;  // of a sequence, any with more than three digits: no key's

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
        case control('C'):
            return end(Typed::cancelled, "^C\n", 3);
        default:
            edit(byte);
            return Typed::more;
    }
}

void LineEditor::edit(u8 byte) {
    switch (byte) {
        case kBackspace:
        case kDelete:
            return erase(cursor_ == 0 ? 0 : 1);
        case control('W'):
            return erase(last_word());
        case control('U'):
            return erase_line(cursor_, 0);
        case control('D'):
            return take_out(cursor_ == length_ ? 0 : 1);
        case control('K'):
            return erase_line(0, length_ - cursor_);
        case control('A'):
            return move_to(0);
        case control('E'):
            return move_to(length_);
        case control('B'):
            return move_to(cursor_ == 0 ? 0 : cursor_ - 1);
        case control('F'):
            return move_to(cursor_ == length_ ? length_ : cursor_ + 1);
        case control('P'):
            return recall(back_ + 1);
        case control('N'):
            return recall(back_ == 0 ? 0 : back_ - 1);
        case '\t':
            return complete_word();
        default:
            if (is_printable(byte)) {
                insert(static_cast<char>(byte));
            }
    }
}

void LineEditor::clear() {
    length_ = 0;
    cursor_ = 0;
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
                escape_ = Escape::parameter;
                parameter_ = 0;
            } else if (byte == 'O') {
                escape_ = Escape::one_more;
            } else if (byte >= 0x30) {  // below are intermediate bytes: ESC ( B
                escape_ = Escape::none;
            }
            return true;
        case Escape::parameter:
            if (byte >= '0' && byte <= '9') {
                parameter_ = parameter_ < 100 ? parameter_ * 10 + (byte - '0') : kNoParameter;
                return true;
            }
            if (byte == '[') {  // F1 to F5 of the Linux console: ESC [ [ A
                escape_ = Escape::last;
                return true;
            }
            escape_ = Escape::sequence;
            [[fallthrough]];
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
        case Escape::last:
            escape_ = Escape::none;
            return true;
    }
    return false;
}

// The key whose sequence ends so: what xterm, the VT220 and the Linux console send.
void LineEditor::press(u8 last) {
    constexpr struct {
        u8 last;
        u8 parameter;  // before a '~'
        u8 byte;
    } kKeys[] = {
        {'A', 0, control('P')}, {'B', 0, control('N')}, {'C', 0, control('F')},
        {'D', 0, control('B')}, {'H', 0, control('A')}, {'F', 0, control('E')},
        {'~', 1, control('A')}, {'~', 7, control('A')}, {'~', 4, control('E')},
        {'~', 8, control('E')}, {'~', 3, control('D')},
    };
    for (auto const& key : kKeys) {
        if (key.last == last && (last != '~' || key.parameter == parameter_)) {
            return edit(key.byte);
        }
    }
}

void LineEditor::complete_word() {
    if (complete_ == nullptr) {
        insert(' ');
        return;
    }
    char rest[kLongest];
    u32 const count = complete_(who_, text_, cursor_, rest);
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
    erase_line(cursor_, length_ - cursor_);
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
    for (u32 i = length_; i > cursor_; --i) {
        text_[i] = text_[i - 1];
    }
    text_[cursor_++] = c;
    ++length_;
    echo_(&c, 1);
    show_from_cursor(0);
}

void LineEditor::move_to(u32 place) {
    if (cursor_ > place) {
        repeat(kBackspaces, cursor_ - place);
    } else {
        echo_(text_ + cursor_, place - cursor_);
    }
    cursor_ = place;
}

// Takes back what is before the cursor.
void LineEditor::erase(u32 count) {
    move_to(cursor_ - count);
    take_out(count);
}

// Takes out what is behind the cursor.
void LineEditor::take_out(u32 count) {
    if (count != 0) {
        length_ -= count;
        for (u32 i = cursor_; i < length_; ++i) {
            text_[i] = text_[i + count];
        }
        show_from_cursor(count);
    }
}

// A line that is taken back in one go may be used again; one that was taken back character by
// character, as far as it was kept, may not: what did not fit may still be meant to be there.
void LineEditor::erase_line(u32 before, u32 behind) {
    bool const is_all = length_ != 0 && before + behind == length_;
    erase(before);
    take_out(behind);
    overlong_ = overlong_ && !is_all;
}

// One character so many times: eight of it are given.
void LineEditor::repeat(const char* eight, u32 count) {
    for (; count > 8; count -= 8) {
        echo_(eight, 8);
    }
    echo_(eight, count);
}

// Writes what is behind the cursor anew, and blanks over what was behind that; the cursor stays.
void LineEditor::show_from_cursor(u32 blanks) {
    u32 const rest = length_ - cursor_;
    echo_(text_ + cursor_, rest);
    repeat("        ", blanks);
    repeat(kBackspaces, rest + blanks);
}

// The word before the cursor and the spaces behind it.
u32 LineEditor::last_word() const {
    u32 start = cursor_;
    while (start != 0 && text_[start - 1] == ' ') {
        --start;
    }
    while (start != 0 && text_[start - 1] != ' ') {
        --start;
    }
    return cursor_ - start;
}

Typed LineEditor::end(Typed how, const char* text, usize length) {
    move_to(length_);
    text_[length_] = '\0';
    if (how == Typed::line) {
        keep();
    }
    echo_(text, length);
    return how;
}

}  // namespace pivot
