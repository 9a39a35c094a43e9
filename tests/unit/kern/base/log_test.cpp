#include "kern/base/log.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pivot {
namespace {

std::string g_output;

class Log : public ::testing::Test {
  protected:
    void SetUp() override {
        g_output.clear();
        set_console([](const char* text, usize length) { g_output.append(text, length); });
    }
    void TearDown() override { set_console(nullptr); }
};

TEST_F(Log, PrintWritesAsItIs) {
    print("line {}", 33u);
    EXPECT_EQ(g_output, "line 33");
}

TEST_F(Log, LogEndsTheLine) {
    log("{} at {}", "uart", 0x900u);
    log("next");
    EXPECT_EQ(g_output, "uart at 2304\nnext\n");
}

TEST_F(Log, WithoutAConsoleNothingHappens) {
    set_console(nullptr);
    log("lost");
    EXPECT_EQ(g_output, "");
    EXPECT_EQ(console(), nullptr);
}

TEST_F(Log, TheConsoleCanBeReplaced) {
    ConsoleWrite const before = console();
    set_console([](const char*, usize length) { g_output += std::to_string(length); });
    print("abc");
    set_console(before);
    print("!");
    EXPECT_EQ(g_output, "3!");
}

}  // namespace
}  // namespace pivot
