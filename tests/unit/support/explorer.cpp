// CPUs that take turns: a seed for each interleaving.
#include "tests/unit/support/explorer.hpp"

#include <cstdio>
#include <cstdlib>

#include "tests/unit/support/chooser.hpp"

namespace pivot {
namespace {

using ull = unsigned long long;

constexpr u64 kInterleavings = 2000;
constexpr u64 kInterleavingsFull = 50'000;
constexpr u64 kPoints = 200'000;  // of one interleaving; scenarios have some hundreds or thousands

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

u64 run_once(u32 cpus, Scenario const& scenario, u64 seed) {
    sim::set_seed(seed);
    auto const chooser = chooser_of(seed);
    SmpMachine machine(cpus, chooser.get(), kPoints);
    scenario(machine);
    return machine.points();
}

std::string test_name() {
    auto const& info = *::testing::UnitTest::GetInstance()->current_test_info();
    return std::string(info.test_suite_name()) + "." + info.name();
}

}  // namespace

void explore(u32 cpus, Scenario const& scenario) {
    const char* const replay = std::getenv("PIVOT_SEED");
    u64 const first = replay != nullptr ? std::strtoull(replay, nullptr, 0) : 1;
    u64 const many = std::getenv("PIVOT_FULL") != nullptr ? kInterleavingsFull : kInterleavings;
    u64 const count = replay != nullptr ? 1 : many;
    u64 points = 0;
    u64 done = 0;
    while (done < count && !::testing::Test::HasFailure()) {
        points += run_once(cpus, scenario, first + done++);
    }
    if (::testing::Test::HasFailure()) {
        std::printf(
            "[ explored ] interleaving %llu of %s fails. Once more, alone:\n"
            "             PIVOT_SEED=%llu ./unit_tests --gtest_filter=%s\n",
            ull{done}, test_name().c_str(), ull{first + done - 1}, test_name().c_str());
    } else {
        std::printf("[ explored ] %s: %llu interleavings, %llu points each\n", test_name().c_str(),
                    ull{done}, ull{points / done});
    }
    ::testing::Test::RecordProperty("interleavings", std::to_string(done));
    ++totals().scenarios;
    totals().interleavings += done;
}

}  // namespace pivot
