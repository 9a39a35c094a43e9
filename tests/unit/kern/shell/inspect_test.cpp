// ps and spl: what they say of threads that wait, and of an SPL that is raised.
#include "kern/shell/inspect.hpp"

#include <algorithm>

#include "kern/base/log.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "spl/system/system_spl.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

std::string g_output;

class Inspect : public testing::Test {
  protected:
    void SetUp() override {
        g_output.clear();
        set_console([](const char* text, usize length) { g_output.append(text, length); });
    }
    void TearDown() override { set_console(nullptr); }

    // What the command printed, the lines that have `word` in them.
    static std::string lines_with(std::string const& word) {
        std::string found;
        for (usize at = 0; at < g_output.size();) {
            usize const end = g_output.find('\n', at);
            std::string const line = g_output.substr(at, end - at);
            found += line.find(word) != std::string::npos ? line + "\n" : "";
            at = end + 1;
        }
        g_output.clear();
        return found;
    }
};

TEST_F(Inspect, PsNamesTheMutexThatAThreadWaitsForAndWhoHasIt) {
    Machine machine;
    AdaptiveMutex mutex("disk");
    char line[] = "ps";
    Words const words(line);
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        TestThread const waiter("waiter", kMainPriority + 2, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(mutex, its_context);
        });
        EXPECT_TRUE(list_threads(context, words));
        EXPECT_TRUE(lines_with("waiter ").ends_with("  'disk' of main\n"));
        mutex.unlock(context);
        EXPECT_TRUE(list_threads(context, words));
        EXPECT_EQ(lines_with("'disk'"), "");
    });
    machine.expect_at_rest();
}

TEST_F(Inspect, PsShowsWhatRunsOnEveryCpu) {
    explore(2, [](SmpMachine& machine) {
        bool runs = false;
        bool seen = false;
        machine.on(1, [&](MayBlock const&) {
            atomic::store_release(&runs, true);
            while (!atomic::load_acquire(&seen)) {
                cpu_relax();
            }
        });
        machine.on(0, [&](MayBlock const& context) {
            while (!atomic::load_acquire(&runs)) {
                cpu_relax();
            }
            char line[] = "ps";
            EXPECT_TRUE(list_threads(context, Words(line)));
            std::string const mains = lines_with("main ");
            EXPECT_EQ(std::ranges::count(mains, '\n'), 2);
            EXPECT_EQ(mains.find("ready"), std::string::npos) << mains;
            atomic::store_release(&seen, true);
        });
        machine.run();
    });
}

TEST_F(Inspect, SplShowsBothKinds) {
    Machine machine;
    char line[] = "spl";
    Words const words(line);
    machine.run([&](MayBlock const& context) {
        EXPECT_TRUE(show_spl(context, words));
        EXPECT_TRUE(lines_with("CPU").starts_with("CPU 0: SPL none, system-wide none; 0 int"));
        {
            SystemSplGuard const all{Ipl::softnet};
            SplGuard const here(Ipl::vm);
            EXPECT_TRUE(show_spl(context, words));
        }
        EXPECT_TRUE(lines_with("CPU").starts_with("CPU 0: SPL vm, system-wide softnet; 0 int"));
    });
    machine.expect_at_rest();
}

}  // namespace
}  // namespace pivot
