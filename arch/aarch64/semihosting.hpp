// Semihosting: what an emulator or a debugger does for the program that it runs.
//
// Who: threads, in tests. Lock order: none. It stops the machine while the host works.
// Source: Arm, "Semihosting for AArch32 and AArch64", 3.1 (HLT #0xF000) and 6 (operations).
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

// Copies the image's command line to `buffer`, 0-terminated; its length, or 0 if there is no host.
[[nodiscard]] inline usize command_line(char* buffer, usize size) {
    constexpr u64 kGetCommandLine = 0x15;  // SYS_GET_CMDLINE, 6.8
    struct {
        char* buffer;
        u64 size;
    } block{buffer, size};
    register u64 operation asm("x0") = kGetCommandLine;
    register void* parameters asm("x1") = &block;
    asm volatile("hlt #0xf000" : "+r"(operation) : "r"(parameters) : "memory");
    return operation == 0 ? block.size : 0;
}

}  // namespace pivot::port
