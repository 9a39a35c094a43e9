// The injection image: an interrupt at every instruction of each operation, one record an
// operation.
#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "tests/bench/operations.hpp"

namespace pivot {
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

void image_main(MayBlock const& context) {
    log("@bench board={} unit={} clock_hz={}", Board::kName,
        counter_hz() == 1'000'000'000 ? "instructions" : "ticks", counter_hz());
    inject::prepare_operations(context);
    for (u32 i = 0; i < inject::kOperations; ++i) {
        inject::Operation const& operation = inject::operation(i);
        inject::Result const result = inject::run(context, operation);
        print("@inject op={} points={} min={} worst={} pc=0x{x} fn=", operation.name, result.points,
              result.min, result.worst, result.worst_pc);
        print_function(result.worst_pc);
        print("\n");
    }
    log("@end");
}

}  // namespace pivot
