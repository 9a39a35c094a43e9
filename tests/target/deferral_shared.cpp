// lock_or_defer on a shared line that is an edge: it asks round and round until nobody says yes any
// more, and both who share it have something to defer. It stays active until both have run.
#include <initializer_list>

#include "intr/deferral.hpp"
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constinit AdaptiveMutex g_mutex{"shared"};

void serve_sharer(MayBlock const& context, struct Sharer& sharer);

struct Sharer {
    char name;
    LineShare share{};
    bool wants = false;
    u32 asked = 0;
    LockedContinuation after = LockedContinuation::to<&serve_sharer>(Ipl::softnet, g_mutex, *this);
};

constexpr LineId kShared{Board::kSpareLines[2].intid() + 3};
constinit Sharer g_first{.name = '1'};
constinit Sharer g_second{.name = '2'};

Served ask_sharer(TopHalf<Ipl::vm> const& context, Sharer& sharer) {
    if (!sharer.wants) {
        return Served::no;
    }
    ++sharer.asked;
    auto const lock = lock_or_defer(context, g_mutex, sharer.after);
    sharer.wants = sharer.wants && !lock.is_taken();
    return Served::yes;
}

void serve_sharer(MayBlock const&, Sharer& sharer) {
    sharer.wants = false;
    trace.add(sharer.name);
    CHECK(Gic::is_active(kShared.intid()));
}

void a_shared_line_waits_for_all_of_them(MayBlock const& context) {
    for (Sharer* const sharer : {&g_first, &g_second}) {
        CHECK(BoardSharedLines::join<&ask_sharer>(kShared, "sharer", sharer->share, *sharer) ==
              LineError::none);
        sharer->wants = true;
    }
    CHECK(BoardLines::set_trigger(kShared, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(kShared) == LineError::none);
    g_mutex.lock(context);
    compiler_barrier();
    Gic::pend(kShared.intid());
    port::dsb_sy();
    port::isb();
    CHECK(g_first.asked > LockedContinuation::kMostLines);
    CHECK_EQUAL(line_holds(kShared.intid()), 2);
    CHECK(Gic::is_active(kShared.intid()));
    g_mutex.unlock(context);
    CHECK_TRACE("12");
    CHECK(!Gic::is_active(kShared.intid()));
    CHECK_EQUAL(line_holds(kShared.intid()), 0);
    for (Sharer* const sharer : {&g_first, &g_second}) {
        CHECK(BoardSharedLines::leave(context, kShared, sharer->share) == LineError::none);
    }
    check_calm();
}

}  // namespace

void image_main(MayBlock const& context) {
    a_shared_line_waits_for_all_of_them(context);
    passed("deferral_shared");
}

}  // namespace pivot
