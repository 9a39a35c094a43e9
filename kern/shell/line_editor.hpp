// The line editor: bytes as a terminal, or a paste, or noise sends them, made into lines.
//
// Who: one caller at a time: the bottom half while a line is typed, the shell while it is whole.
// Lock order: none; echoes through the function that it is given.
//
// A line holds printable ASCII only, whatever arrives:
//   CR, LF, CR LF          end of line, once
//   left, right; ^B, ^F    the cursor, a character on; Home, End; ^A, ^E: to the line's ends
//   DEL, ^H; ^W; ^U        take back a character before the cursor, a word, all before it
//   Delete, ^D; ^K         take out the character at the cursor, all from there
//   ^C                     gives the line up
//   TAB                    completes what is before the cursor, if it is told how; else a space
//   up, down; ^P, ^N       the lines before, back to the one that was being typed: it is empty then
//   ESC ...                another key's sequence (ECMA-48: CSI, SS3, intermediates): swallowed
//   NUL, other controls, bytes above 126    ignored
// A character that does not fit rings the bell and makes the line unusable until all of it is taken
// back by one ^U or ^K: half a command is never run.
//
// Of a terminal it takes that BS moves the cursor left and that text overwrites: any has that. It
// does not know how wide that is: in a line that wraps, text is right and the picture may not be.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

enum class Typed : u8 { more, line, cancelled };

class LineEditor {
  public:
    static constexpr u32 kLongest = 127;
    static constexpr u32 kKept = 8;  // lines before
    using Echo = void (*)(const char* text, usize length);
    // What a TAB adds to the `length` characters of `text`: into `rest`, as many as are returned,
    // at most kLongest. 0: nothing is known to follow.
    using Complete = u32 (*)(const void* who, const char* text, u32 length, char* rest);

    constexpr explicit LineEditor(Echo echo, Complete complete = nullptr, const void* who = nullptr)
        : echo_(echo), complete_(complete), who_(who) {}
    LineEditor(LineEditor const&) = delete;
    LineEditor& operator=(LineEditor const&) = delete;

    // One byte. `line`: text() is whole; `cancelled`: there is no line. Then clear() comes next.
    [[nodiscard]] Typed feed(u8 byte);

    // Makes room for the next line.
    void clear();

    // The line, ended by a NUL; the caller may write into it until clear().
    [[nodiscard]] char* text() { return text_; }
    [[nodiscard]] u32 length() const { return length_; }
    // How many characters are before the cursor.
    [[nodiscard]] u32 cursor() const { return cursor_; }
    // Whether more was typed than fits.
    [[nodiscard]] bool is_overlong() const { return overlong_; }

  private:
    enum class Escape : u8 { none, begun, parameter, sequence, one_more, last };

    [[nodiscard]] bool swallow(u8 byte);
    void edit(u8 byte);
    void insert(char c);
    void press(u8 last);
    void complete_word();
    void keep();
    void recall(u32 back);
    void move_to(u32 place);
    void erase(u32 count);
    void take_out(u32 count);
    void erase_line(u32 before, u32 behind);
    void show_from_cursor(u32 blanks);
    void repeat(const char* eight, u32 count);
    [[nodiscard]] u32 last_word() const;
    [[nodiscard]] Typed end(Typed how, const char* text, usize length);

    Echo echo_;
    Complete complete_;
    const void* who_;
    char kept_[kKept][kLongest + 1] = {};
    u32 lines_ = 0;  // of all that have been kept; the last kKept are there
    u32 back_ = 0;   // how many lines back what is shown is
    char text_[kLongest + 1] = {};
    u32 length_ = 0;
    u32 cursor_ = 0;
    u32 parameter_ = 0;  // the first one of an escape sequence
    bool overlong_ = false;
    bool after_cr_ = false;  // these two outlive a line: its last bytes may still be on their way
    Escape escape_ = Escape::none;
};

}  // namespace pivot
