// irq: what every line has cost; and to which CPU it goes.
#include "arch/board/board.hpp"
#include "arch/board/console.hpp"
#include "intr/deferral.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/pivot/commands.hpp"

namespace pivot {
namespace {

const char* text_of(LineKind kind) {
    switch (kind) {
        case LineKind::sgi:
            return "SGI";
        case LineKind::ppi:
            return "PPI";
        case LineKind::spi:
            return "SPI";
        case LineKind::none:
            return "-";
    }
    return "?";
}

// On all CPUs together: a banked line comes to each.
u64 count_of(u32 intid) {
    u64 sum = 0;
    for_each_cpu(online_set(), [&](PerCpu const& cpu) { sum += cpu.lines[intid].count; });
    return sum;
}

// A line that nobody has requested was found at the level of all such.
const char* level_of_line(LineInfo const& info) {
    return info.unmaskable ? "above" : name_of(info.name != nullptr ? level_of(info.spl) : Ipl::vm);
}

void show_line(u32 intid, u64 seconds) {
    LineInfo const& info = line_info(intid);
    u64 const count = count_of(intid);
    print("{-4}{-5} {-12}{-7}{10} {10} {9} ", text_of(LineId(intid).kind()), intid,
          info.name != nullptr ? info.name : "(stray)", level_of_line(info), count, count / seconds,
          info.spurious);
    if (info.longest != 0) {
        log("{8} ns", Clock::ns_of_ticks(info.longest));
    } else {
        log("{8}", "-");
    }
}

// The n-th device of a shared line, as of now. False: there are fewer.
bool sharer(LineInfo const& info, u32 n, LineShare& found) {
    ShareGuard const guard;  // none of them goes away
    LineShare const* share = info.shares;
    for (; share != nullptr && n != 0; --n) {
        share = share->next;
    }
    if (share != nullptr) {
        found = *share;
    }
    return share != nullptr;
}

// What is special about a line, below it.
void show_more(LineInfo const& info) {
    if (info.is_unconverted) {
        log("          unconverted: takes the system-wide SPL");
    }
    LineShare share;
    for (u32 n = 0; sharer(info, n, share); ++n) {
        log("          {-12}served {}", share.name, share.served);
    }
    if (LineLimit const* const limit = info.limit; limit != nullptr) {
        log("          limit       {}; {} storms, {} times for nobody, {} polls",
            limit->is_polling() ? "masked and polled" : "not reached", limit->storms(),
            limit->stuck(), limit->polls());
    }
}

// Acknowledged, but there was nothing any more: INTID 1020 and up.
u64 nothing_acknowledged() {
    u64 sum = 0;
    for (u32 i = 1020; i < kLineTableSize; ++i) {
        sum += count_of(i);
    }
    return sum;
}

u64 held_off() {
    u64 sum = 0;
    for_each_cpu(online_set(), [&](PerCpu const& cpu) { sum += cpu.held_off; });
    return sum;
}

bool measure(Words const& words) {
    u32 intid = 0;
    if (words.count() != 4 || !words.number(2, intid) ||
        !(words.is(3, "on") || words.is(3, "off"))) {
        return false;
    }
    LineError const error = BoardLines::measure(LineId(intid), words.is(3, "on"));
    if (error != LineError::none) {
        log("line {}: {}", intid, text_of(error));
    }
    return true;
}

bool move(MayBlock const& context, Words const& words) {
    u32 intid = 0;
    u32 cpu = 0;
    if (words.count() != 4 || !words.number(2, intid) || !words.number(3, cpu)) {
        return false;
    }
    LineError const error = BoardLines::move_to(context, LineId(intid), cpu);
    if (error != LineError::none) {
        log("line {}: {}", intid, text_of(error));
    }
    return true;
}

}  // namespace

bool show_lines(MayBlock const& context, Words const& words) {
    if (words.is(1, "measure")) {
        return measure(words);
    }
    if (words.is(1, "affinity")) {
        return move(context, words);
    }
    if (words.count() != 1) {
        return false;
    }
    u64 const up = Clock::ns_of_ticks(counter()) / 1'000'000'000;
    log("{-10}{-12}{-7}{10} {10} {9} {}", "line", "name", "level", "count", "per second",
        "spurious", "longest top half");
    for (u32 i = 0; i < kLineTableSize; ++i) {
        if (line_info(i).name != nullptr || line_info(i).stray) {
            show_line(i, up == 0 ? 1 : up);
            show_more(line_info(i));
        }
    }
    Deferral::Counts const mutexes = Deferral::counts();
    log("adaptive mutexes for top halves: taken {}, spun for {}, deferred {}", mutexes.taken,
        mutexes.spun, mutexes.deferred);
    Pl011Counters const& uart = console_counters();
    log("acknowledged for nothing {}; held off by the SPL {}", nothing_acknowledged(), held_off());
    log("uart: overrun {}, framing {}, parity {}, break {}, held off {}, unsent {}", uart.overruns,
        uart.framing, uart.parity, uart.breaks, uart.held_off, uart.unsent);
    return true;
}

}  // namespace pivot
