// The line editor: bytes in, lines and echo out.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kern/shell/line_editor.hpp"

namespace pivot {
namespace {

using namespace std::string_literals;

std::string g_echo;

// What a terminal shows of an echo: a row and where its cursor stands.
class Screen {
  public:
    void show(std::string_view echo) {
        for (char const c : echo) {
            switch (c) {
                case '\a':
                    break;
                case '\n':
                    *this = Screen{};
                    break;
                case '\b':
                    ASSERT_NE(cursor_, 0u) << "left of the line's beginning";
                    --cursor_;
                    break;
                default:
                    ASSERT_TRUE(c >= 0x20 && c < 0x7f);
                    row_.resize(std::max(row_.size(), cursor_ + 1), ' ');
                    row_[cursor_++] = c;
            }
        }
    }
    // Nothing but blanks is behind the text.
    [[nodiscard]] bool shows(std::string_view text) const {
        return row_.substr(0, text.size()) == text &&
               row_.find_first_not_of(' ', text.size()) == std::string::npos;
    }
    [[nodiscard]] usize cursor() const { return cursor_; }

  private:
    std::string row_;
    usize cursor_ = 0;
};

class LineEditorTest : public testing::Test {
  protected:
    void SetUp() override { g_echo.clear(); }

    // Feeds bytes and collects the lines that come of them; "^C" for one given up.
    std::vector<std::string> type(std::string_view bytes) {
        std::vector<std::string> lines;
        for (char const c : bytes) {
            switch (editor_.feed(static_cast<u8>(c))) {
                case Typed::more:
                    continue;
                case Typed::line:
                    lines.push_back(editor_.is_overlong() ? "(overlong)" : editor_.text());
                    break;
                case Typed::cancelled:
                    lines.push_back("^C");
                    break;
            }
            editor_.clear();
        }
        return lines;
    }
    using Lines = std::vector<std::string>;

    LineEditor editor_{[](const char* text, usize length) { g_echo.append(text, length); }};
};

TEST_F(LineEditorTest, TakesALineAndEchoesIt) {
    EXPECT_EQ(type("help\r"), Lines{"help"});
    EXPECT_EQ(g_echo, "help\n");
}

TEST_F(LineEditorTest, EndsALineOnceAtAnyLineEnd) {
    EXPECT_EQ(type("a\rb\nc\r\nd\r\n\r\ne\r"), (Lines{"a", "b", "c", "d", "", "e"}));
}

TEST_F(LineEditorTest, TakesBackCharacters) {
    EXPECT_EQ(type("hex\x7f\blp\b\x7fxlp\r"), Lines{"hxlp"});
    EXPECT_EQ(type("ab\b\b\b\b\bcd\r"), Lines{"cd"}) << "no further than the line's beginning";
}

TEST_F(LineEditorTest, ErasesOnTheScreenWhatItTakesBack) {
    EXPECT_EQ(type("ab\b\b\b\r"), Lines{""});
    EXPECT_EQ(g_echo, "ab\b \b\b \b\n");
}

TEST_F(LineEditorTest, HasACursorWithinTheLine) {
    constexpr const char* kLeft = "\x1b[D";
    EXPECT_EQ(type("pz\x02s\r"), Lines{"psz"});
    EXPECT_EQ(g_echo, "pz\bsz\bz\n") << "what is behind it is shown anew, Enter goes to the end";
    EXPECT_EQ(type("s\x02p\x06 \x02\x02\x02\x02\x02help;\r"), Lines{"help;ps "});
    EXPECT_EQ(type("elp"s + kLeft + kLeft + "\x1bOD" + "h" + "\x1b[C\x1bOC" + "!\r"),
              Lines{"hel!p"});
    EXPECT_EQ(type("b\x01"
                   "a\x05"
                   "c\r"),
              Lines{"abc"})
        << "^A, ^E";
    EXPECT_EQ(type("b\x1b[Ha\x1b[Fc\x1b[1~0\x1b[4~d\x1b[7~-\x1b[8~e\x1bOH+\x1bOFf\r"),
              Lines{"+-0abcdef"})
        << "Home and End, as five terminals send them";
    EXPECT_EQ(type("ab\x1b[1;5Dx\r"), Lines{"axb"}) << "with Ctrl held down";
}

TEST_F(LineEditorTest, TakesOutWithinTheLine) {
    EXPECT_EQ(type("abc\x02\x02\x7fx\r"), Lines{"xbc"});
    EXPECT_EQ(type("abc\x02\x02\x04x\r"), Lines{"axc"}) << "^D";
    EXPECT_EQ(type("abc\x01\x1b[3~x\x05\x1b[3~\x04\r"), Lines{"xbc"}) << "Delete";
    EXPECT_EQ(type("abc\x1b[3;5~\x02\x1b[3;5~\r"), Lines{"ab"}) << "with Ctrl held down";
    EXPECT_EQ(type("abc def\x02\x02\x0bg\r"), Lines{"abc dg"}) << "^K";
    EXPECT_EQ(type("one two three\x02\x02\x17\r"), Lines{"one two ee"}) << "^W";
    EXPECT_EQ(type("one two\x02\x02\x15\r"), Lines{"wo"}) << "^U";
    EXPECT_EQ(type("abc\x1b[5~\x1b[~\x1b[33~d\r"), Lines{"abcd"}) << "other keys";
    EXPECT_EQ(type("abc\x01\x1b[259~\x1b[4294967299~\r"), Lines{"abc"}) << "no Delete modulo 2^n";
}

TEST_F(LineEditorTest, GivesALineUpFromWithinIt) {
    EXPECT_EQ(type("pan\x02\x02\x03ps\r"), (Lines{"^C", "ps"}));
    EXPECT_EQ(g_echo, "pan\b\ban^C\nps\n");
}

TEST_F(LineEditorTest, TakesBackAWord) {
    EXPECT_EQ(type("irq measure  \x17ps\r"), Lines{"irq ps"});
    EXPECT_EQ(type("one\x17\x17two\r"), Lines{"two"});
}

TEST_F(LineEditorTest, TakesBackTheLine) { EXPECT_EQ(type("panic\x15ps\r"), Lines{"ps"}); }

TEST_F(LineEditorTest, GivesALineUp) {
    EXPECT_EQ(type("panic\003ps\r"), (Lines{"^C", "ps"}));
    EXPECT_EQ(g_echo, "panic^C\nps\n");
}

TEST_F(LineEditorTest, RefusesALineThatIsTooLong) {
    std::string const longest(LineEditor::kLongest, 'x');
    EXPECT_EQ(type(longest + "\r"), Lines{longest});
    EXPECT_EQ(type(longest + "yyy\r"), Lines{"(overlong)"});
    EXPECT_EQ(type("ps\r"), Lines{"ps"});
}

TEST_F(LineEditorTest, RingsOnceForALineThatIsTooLong) {
    (void)type(std::string(1000, 'x'));
    EXPECT_EQ(g_echo, std::string(LineEditor::kLongest, 'x').append("\a"));
}

TEST_F(LineEditorTest, DoesNotRunWhatIsLeftOfALineThatWasTooLong) {
    std::string const rubbed_out(LineEditor::kLongest, '\b');
    EXPECT_EQ(type(std::string(200, 'x') + rubbed_out + "halt\r"), Lines{"(overlong)"});
    EXPECT_EQ(type(std::string(200, 'x') + rubbed_out + "\x0b" + "halt\r"), Lines{"(overlong)"});
    EXPECT_EQ(type(std::string(200, 'x') + "\x15" + "ps\r"), Lines{"ps"});
    EXPECT_EQ(type(std::string(200, 'x') + "\x01\x0b" + "ps\r"), Lines{"ps"});
    EXPECT_EQ(type(std::string(200, 'x') + "\x02\x15" + "\x01\x04ps\r"), Lines{"(overlong)"});
}

TEST_F(LineEditorTest, SwallowsEscapeSequences) {
    EXPECT_EQ(type("p\x1b[15~s\r"), Lines{"ps"}) << "F5";
    EXPECT_EQ(type("p\x1b[15;5~s\r"), Lines{"ps"}) << "with parameters";
    EXPECT_EQ(type("p\x1bOPs\r"), Lines{"ps"}) << "F1";
    EXPECT_EQ(type("p\x1b[[As\r"), Lines{"ps"}) << "F1 of the Linux console";
    EXPECT_EQ(type("p\x1b(Bs\r"), Lines{"ps"}) << "with an intermediate byte";
    EXPECT_EQ(type("p\x1bxs\r"), Lines{"ps"}) << "Alt-x";
    EXPECT_EQ(type("p\x1b\x1b[Cs\r"), Lines{"ps"});
    EXPECT_EQ(g_echo.find('\x1b'), std::string::npos);
}

TEST_F(LineEditorTest, EnterWorksInAnUnfinishedSequence) {
    EXPECT_EQ(type("ps\x1b\rps\x1b[12\rps\x1bO\r"), (Lines{"ps", "ps", "ps"}));
    EXPECT_EQ(type("ps\x1b[12\003"), Lines{"^C"});
}

TEST_F(LineEditorTest, IgnoresWhatIsNoText) {
    EXPECT_EQ(type("\0p\x13\xff\x80s\xc3\xa4\x07\x9b\r"s), Lines{"ps"});
    EXPECT_EQ(g_echo, "ps\n");
}

TEST_F(LineEditorTest, TakesATabForASpace) { EXPECT_EQ(type("irq\tx\r"), Lines{"irq x"}); }

TEST_F(LineEditorTest, BringsBackTheLinesBefore) {
    constexpr const char* kUp = "\x1b[A";
    constexpr const char* kDown = "\x1bOB";
    EXPECT_EQ(type("one\rtwo\r\rtwo\r"s + kUp + kUp + "\r"),
              (Lines{"one", "two", "", "two", "one"}));
    EXPECT_EQ(type(kUp + "\x10"s + kDown + "!\r"), Lines{"one!"}) << "and ^P; to be changed";
    EXPECT_EQ(type("half"s + kUp + kDown + "\x0e\r"), Lines{""});
    EXPECT_EQ(type("half\003"s), Lines{"^C"});
    EXPECT_EQ(type(kUp + "\r"s), Lines{"one!"}) << "what was given up is not kept";
}

TEST_F(LineEditorTest, KeepsSoManyLinesBefore) {
    for (u32 i = 0; i < LineEditor::kKept + 3; ++i) {
        (void)type(std::string(i + 1, 'x') + "\r");
    }
    std::string up;
    for (u32 i = 0; i < LineEditor::kKept; ++i) {
        up += "\x1b[A";
    }
    EXPECT_EQ(type(up + "\r"), Lines{"xxxx"});
    g_echo.clear();
    EXPECT_EQ(type(up + "\x1b[A\r"), Lines{"xxxxx"}) << "no further than the oldest";
    EXPECT_NE(g_echo.find('\a'), std::string::npos);
}

TEST_F(LineEditorTest, CompletesAsItIsTold) {
    static std::string asked;
    LineEditor editor{[](const char* text, usize length) { g_echo.append(text, length); },
                      [](const void* who, const char* text, u32 length, char* rest) -> u32 {
                          asked.assign(text, length);
                          rest[0] = *static_cast<const char*>(who);
                          return length > 3 ? 0 : 1;
                      },
                      "?"};
    for (char const c : "abc\t\t"s) {
        (void)editor.feed(static_cast<u8>(c));
    }
    EXPECT_EQ(asked, "abc?");
    EXPECT_EQ(g_echo, "abc?\a");
    (void)editor.feed('\r');
    EXPECT_STREQ(editor.text(), "abc?");
}

// Whatever comes, what a terminal shows is the line, and its cursor stands where the line's is. The
// bytes that the editor gives a meaning to, and the parts of sequences, come often.
TEST_F(LineEditorTest, TheScreenShowsTheLineWhateverComes) {
    constexpr char kMeant[] =
        "\x01\x02\x03\x04\x05\x06\x08\x0b\x0e\x10\x15\x17\x1b\x7f\t\r[[OO;13478ABCDFH~ ";
    std::mt19937 random(20261128);
    Screen screen;
    for (int i = 0; i < 300'000; ++i) {
        u32 const drawn = static_cast<u32>(random());
        u8 const byte = drawn % 4 == 0 ? static_cast<u8>(drawn >> 8)
                        : drawn % 4 == 1
                            ? static_cast<u8>(kMeant[(drawn >> 8) % (sizeof(kMeant) - 1)])
                            : static_cast<u8>('a' + (drawn >> 8) % 26);
        if (byte == '\x03' && drawn % 8 != 0) {
            continue;  // or no line would ever be full
        }
        g_echo.clear();
        Typed const typed = editor_.feed(byte);
        ASSERT_NO_FATAL_FAILURE(screen.show(g_echo));
        ASSERT_LE(editor_.cursor(), editor_.length());
        if (typed != Typed::more) {
            editor_.clear();
        }
        ASSERT_TRUE(screen.shows({editor_.text(), editor_.length()})) << "after " << i;
        ASSERT_EQ(screen.cursor(), editor_.cursor()) << "after " << i;
    }
}

TEST_F(LineEditorTest, KeepsItsBoundsAndEchoesTextOnlyWhateverComes) {
    std::mt19937 random(20240607);
    for (int i = 0; i < 300'000; ++i) {
        u8 const byte = static_cast<u8>(random());
        Typed const typed = editor_.feed(byte == '\r' || byte == '\n' ? u8{'x'} : byte);
        ASSERT_LE(editor_.length(), LineEditor::kLongest);
        if (typed != Typed::more) {
            editor_.clear();
        }
    }
    for (char const c : g_echo) {
        ASSERT_TRUE((c >= 0x20 && c < 0x7f) || c == '\b' || c == '\a' || c == '\n');
    }
}

}  // namespace
}  // namespace pivot
