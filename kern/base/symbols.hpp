// The functions' names, embedded in the image, so that a panic can say where it was.
//
// Who: both; read only. Lock order: none.
//
// The image is linked twice: the first link's functions become a table (arch/aarch64/symbols.py)
// that the second link puts last into .rodata, where its size moves no function. In the first link,
// and on the host, the table is empty and nothing has a name.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// Laid out by symbols.py.
struct SymbolEntry {
    u32 offset;  // of the function's first byte, from SymbolTable::base
    u32 name;    // of its name, from SymbolTable::names; an empty name ends the function before it
};

struct SymbolTable {
    uptr base;
    SymbolEntry const* entries;  // by ascending offset
    const char* names;
    u64 count;
};

struct Symbol {
    const char* name;  // null: no function is known there
    u64 offset;        // from the function's first byte
};

[[nodiscard]] Symbol symbolise(SymbolTable const& table, uptr address);

// By this image's own table.
[[nodiscard]] Symbol symbolise(uptr address);

}  // namespace pivot
