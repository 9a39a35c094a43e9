#include "tests/bench/report.hpp"

#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"

namespace pivot::bench {
namespace {

// A function's name as one word: without its arguments.
void print_function(uptr pc) {
    Symbol const symbol = symbolise(pc);
    if (symbol.name == nullptr) {
        print("?");
        return;
    }
    for (const char* c = symbol.name; *c != '\0' && *c != '('; ++c) {
        print("{}", *c == ' ' ? '_' : *c);
    }
}

}  // namespace

void print_place(uptr pc) {
    print("0x{x} in ", pc);
    print_function(pc);
}

void report_begin() {
    log("@bench board={} unit={} clock_hz={}", Board::kName,
        counter_hz() == 1'000'000'000 ? "instructions" : "ticks", counter_hz());
}

void report_injection(const char* name, const char* suffix, inject::Result const& result) {
    if (result.points == 0) {
        log("@skip name=inject:{}{} reason=no-interrupt-came-while-it-ran", name, suffix);
        return;
    }
    print("@inject op={}{} points={} min={} worst={} pc=0x{x} fn=", name, suffix, result.points,
          result.min, result.worst, result.worst_pc);
    print_function(result.worst_pc);
    print("\n");
}

void report_held(const char* name, const char* suffix, const char* level,
                 inject::Result const& result) {
    log("@held op={}{} level={} points={} longest={}", name, suffix, level, result.points,
        result.worst);
}

void report_where(const char* name, const char* suffix, const char* level,
                  inject::Result const& result) {
    print("@where op={}{} level={} min={} pc=0x{x} fn=", name, suffix, level,
          result.points == 0 ? 0 : result.min, result.worst_pc);
    print_function(result.worst_pc);
    print("\n");
}

void report_before(const char* name, const char* level, inject::Result const& result) {
    print("@before op={} level={} pc=0x{x} fn=", name, level, result.before_worst);
    print_function(result.before_worst);
    print("\n");
}

void report_worst(const char* by, u32 x, inject::Result const& result) {
    print("@worst by={} x={} value={} points={} pc=0x{x} fn=", by, x, result.worst, result.points,
          result.worst_pc);
    print_function(result.worst_pc);
    print("\n");
}

}  // namespace pivot::bench
