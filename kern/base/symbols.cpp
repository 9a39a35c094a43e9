#include "kern/base/symbols.hpp"

extern "C" {
// Weak: the generated table takes its place in an image's second link.
[[gnu::weak]] extern constinit const pivot::SymbolTable pivot_symbols{};
}

namespace pivot {

Symbol symbolise(SymbolTable const& table, uptr address) {
    constexpr Symbol kNone{nullptr, 0};
    if (table.count == 0 || address < table.base) {
        return kNone;
    }
    u64 const offset = address - table.base;
    u64 low =
        0;  // entries before `low` begin at or below the address, those from `high` on above it
    u64 high = table.count;
    while (low < high) {
        u64 const middle = low + (high - low) / 2;
        if (table.entries[middle].offset <= offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return kNone;
    }
    SymbolEntry const& found = table.entries[low - 1];
    const char* const name = table.names + found.name;
    return *name == '\0' ? kNone : Symbol{name, offset - found.offset};
}

Symbol symbolise(uptr address) { return symbolise(pivot_symbols, address); }

}  // namespace pivot
