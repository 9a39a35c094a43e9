#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
namespace pivot {
static volatile u64 g_t;
struct Dev { u64 n; };
constinit Dev g_dev{};
static void top(TopHalf<Ipl::sched> const&, Dev&) { g_t = PhysicalTimer::now(); PhysicalTimer::quiet(); }
void image_main(MayBlock const&) {
    log("hello from {}", Board::kName);
    LineError e = BoardLines::request<&top>(Board::kPhysicalTimerLine, "t", g_dev);
    log("{}", text_of(e));
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    for (int i = 0; i < 3; ++i) {
        g_t = 0;
        u64 d = PhysicalTimer::now() + 2000;
        PhysicalTimer::arm(d);
        while (g_t == 0) {}
        log("latency {}", g_t - d);
    }
}
}
