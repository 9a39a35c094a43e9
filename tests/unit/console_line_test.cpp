// The line editor: bytes in, lines and echo out.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "kern/shell/line_editor.hpp"

namespace pivot {
namespace {

using namespace std::string_literals;

std::string g_echo;

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
    EXPECT_EQ(g_echo, std::string(LineEditor::kLongest, 'x') + "\a");
}

TEST_F(LineEditorTest, DoesNotRunWhatIsLeftOfALineThatWasTooLong) {
    std::string const rubbed_out(LineEditor::kLongest, '\b');
    EXPECT_EQ(type(std::string(200, 'x') + rubbed_out + "halt\r"), Lines{"(overlong)"});
    EXPECT_EQ(type(std::string(200, 'x') + "\x15" + "ps\r"), Lines{"ps"});
}

TEST_F(LineEditorTest, SwallowsEscapeSequences) {
    EXPECT_EQ(type("p\x1b[Cs\r"), Lines{"ps"}) << "cursor right";
    EXPECT_EQ(type("p\x1b[1;5Ds\r"), Lines{"ps"}) << "with parameters";
    EXPECT_EQ(type("p\x1bOPs\r"), Lines{"ps"}) << "F1";
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
    EXPECT_EQ(type("\0p\x01\xff\x80s\xc3\xa4\x07\x9b\r"s), Lines{"ps"});
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
