// CPUs that take turns: a seed for each interleaving.
#include "tests/unit/support/explorer.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <vector>

#include "tests/unit/support/chooser.hpp"

// Sanitizers end a process in their own way; there is none in some builds.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());

namespace pivot {
namespace {

using ull = unsigned long long;

constexpr u64 kInterleavings = 2000;
constexpr u64 kInterleavingsFull = 50'000;
// With a controller without priorities, on which few scenarios depend.
constexpr u64 kInterleavingsOfMasks = 500;
constexpr u64 kPoints = 200'000;  // of one interleaving; scenarios have some hundreds or thousands

constexpr Length kGuess{500, 200};

// Prints what all scenarios of this run came to.
class Totals : public ::testing::Environment {
  public:
    void TearDown() override {
        if (scenarios != 0) {
            std::printf("[ explored ] %llu interleavings of %llu scenarios\n", ull{interleavings},
                        ull{scenarios});
        }
    }
    u64 scenarios = 0;
    u64 interleavings = 0;
};

Totals& totals() {
    // GoogleTest owns and deletes it
    static auto* const all = static_cast<Totals*>(::testing::AddGlobalTestEnvironment(new Totals));
    return *all;
}
[[maybe_unused]] Totals const& g_registered_before_main = totals();

std::string test_name() {
    auto const& info = *::testing::UnitTest::GetInstance()->current_test_info();
    return std::string(info.test_suite_name()) + "." + info.name();
}

void say_how_to_repeat(u64 seed) {
    std::printf(
        "[ explored ] to run this interleaving once more, alone:\n"
        "             PIVOT_SEED=%llu ./unit_tests --gtest_filter=%s\n",
        ull{seed}, test_name().c_str());
    std::fflush(stdout);
}

// A kernel that is broken may write anywhere. The seed is told before the process ends, which it
// does all the same.
void crashed(int signal) {
    say_how_to_repeat(sim::seed());
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void sanitizer_ends_it() { say_how_to_repeat(sim::seed()); }

void tell_sanitizers(void (*callback)()) {
    if (&__sanitizer_set_death_callback != nullptr) {
        __sanitizer_set_death_callback(callback);
    }
}

// While it lives, a crash names the seed. A stack of its own: the one in use may be the cause.
class CrashReport {
  public:
    CrashReport() : stack_(kBytes) {
        stack_t const stack{.ss_sp = stack_.data(), .ss_flags = 0, .ss_size = kBytes};
        sigaltstack(&stack, &old_stack_);
        struct sigaction action {};
        action.sa_handler = &crashed;
        action.sa_flags = SA_ONSTACK;
        for (usize i = 0; i < std::size(kSignals); ++i) {
            sigaction(kSignals[i], &action, &old_[i]);
        }
        tell_sanitizers(&sanitizer_ends_it);
    }
    CrashReport(CrashReport const&) = delete;
    CrashReport& operator=(CrashReport const&) = delete;
    ~CrashReport() {
        tell_sanitizers(nullptr);
        for (usize i = 0; i < std::size(kSignals); ++i) {
            sigaction(kSignals[i], &old_[i], nullptr);
        }
        sigaltstack(&old_stack_, nullptr);
    }

  private:
    static constexpr usize kBytes = 65536;
    static constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
    std::vector<char> stack_;
    stack_t old_stack_{};
    struct sigaction old_[std::size(kSignals)]{};
};

Length run_once(u32 cpus, Scenario const& scenario, u64 seed, Length const& length) {
    sim::set_seed(seed);
    auto const chooser = chooser_of(seed, length);
    SmpMachine machine(cpus, chooser.get(), kPoints);
    scenario(machine);
    return Length{machine.points(), machine.far_points()};
}

}  // namespace

void explore(u32 cpus, Scenario const& scenario) {
    const char* const replay = std::getenv("PIVOT_SEED");
    u64 const first = replay != nullptr ? std::strtoull(replay, nullptr, 0) : 1;
    u64 const many = std::getenv("PIVOT_FULL") != nullptr ? kInterleavingsFull
                     : SimController::has_priorities()    ? kInterleavings
                                                          : kInterleavingsOfMasks;
    u64 const count = replay != nullptr ? 1 : many;
    CrashReport const report;
    // Schedules are drawn for a scenario's length: how many points there are, one run tells.
    Length const length = run_once(cpus, scenario, 0, kGuess);
    u64 points = 0;
    u64 done = 0;
    while (done < count && !::testing::Test::HasFailure()) {
        points += run_once(cpus, scenario, first + done++, length).points;
    }
    if (::testing::Test::HasFailure()) {
        std::printf("[ explored ] %s fails at interleaving %llu\n", test_name().c_str(), ull{done});
        say_how_to_repeat(sim::seed());
    } else {
        std::printf("[ explored ] %s: %llu interleavings, %llu points each\n", test_name().c_str(),
                    ull{done}, ull{done != 0 ? points / done : length.points});
    }
    ::testing::Test::RecordProperty("interleavings", std::to_string(done));
    ++totals().scenarios;
    totals().interleavings += done;
}

}  // namespace pivot
