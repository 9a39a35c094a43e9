// Lines: who handles which interrupt, at which level, and what it has cost.
//
// Who: request, release, set_trigger: threads. enable, disable, set_priority, pend: both.
// Lock order: none below; request and release run with preemption held off and, on one CPU, need no
// more: a line being set up is disabled at the controller.
//
// A top half is a function `void(TopHalf<L> const&, T&)`. Its level L is the line's IPL: there is
// no way to register it at another. What dispatch needs lies in the CPU's own table
// (PerCpu::lines), what it does not in LineInfo.
//
// A driver's contract: before the top half returns, the device must have stopped asserting the
// line, and the store that made it stop must have arrived (read it back, or ISB for a
// system-register timer); otherwise a level-triggered line fires once more for nothing.
#pragma once

#include "intr/controller.hpp"
#include "intr/line_id.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

enum class [[nodiscard]] LineError : u8{
    none,
    out_of_range,   // the controller has no such line
    taken,          // somebody has requested it
    not_requested,  // nobody has
    wrong_kind,     // an SPI used as PPI, an SGI whose trigger is to be set, ...
    fixed,          // the hardware does not let this be changed
};

[[nodiscard]] const char* text_of(LineError error);

// What a top half that can tell returns: whether its device was the one that asked.
enum class Served : u8 { yes, no };

using TopHalfFunction = void (*)(void* token, void* argument);

// The part of a line that dispatch does not need. Read by the shell and by panics.
struct LineInfo {
    const char* name = nullptr;  // null: not requested
    TopHalfFunction handler = nullptr;
    void* argument = nullptr;
    u64 longest = 0;        // ticks, while measured (Lines::measure)
    u32 spurious = 0;       // top half said it was not its device
    bool stray = false;     // fired without having been requested; masked since
    bool reported = false;  // and that has been said
};

[[nodiscard]] LineInfo& line_info(u32 intid);

template <typename R>
concept TopHalfResult = std::same_as<R, void> || std::same_as<R, Served>;

// Mints the token: the one friend of TopHalf.
struct TopHalfEntry {
  private:
    template <Controller C>
    friend struct Lines;       // which puts it into the table
    friend struct StrayLines;  // line.cpp: what nobody has requested

    // vectors.S passes an address that is as good as any for an object without members.
    template <auto Fn, Ipl L, typename T>
    static void run(void* token, void* argument) {
        auto const& context = *static_cast<TopHalf<L> const*>(token);
        call<Fn, L>(context, token, *static_cast<T*>(argument));
        PIVOT_ASSERT(this_cpu().spl == held_at(L), "a top half returned with another SPL");
    }
    template <auto Fn, Ipl L, typename T>
    static void call(TopHalf<L> const& context, void* token, T& owner) {
        if constexpr (std::same_as<decltype(Fn(context, owner)), Served>) {
            if (Fn(context, owner) == Served::no) {
                count_spurious(token);
            }
        } else {
            Fn(context, owner);
        }
    }

    static void count_spurious(void* token);
};

// The dispatch table of this CPU, filled with handlers that report what nobody has requested.
// `mask_line` silences a line at the controller.
void init_line_table(PerCpu& cpu, void (*mask_line)(u32 intid));

LineError request_entry(PerCpu& cpu, LineId line, u32 lines, const char* name, Ipl level,
                        TopHalfFunction handler, void* argument);
LineError release_entry(PerCpu& cpu, LineId line, u32 lines);
// Turns the measurement of the longest top half on or off for a line.
LineError measure_entry(PerCpu& cpu, LineId line, u32 lines, bool on);

template <Controller C>
struct Lines {
    // Boot, on each CPU before it lets interrupts in.
    static void init_cpu(PerCpu& cpu) {
        init_line_table(cpu, &C::disable);
        C::init_cpu();
    }

    // Makes `Fn` the top half of a line, disabled yet. The level is the one that Fn's token names.
    template <auto Fn, typename T>
    static LineError request(LineId line, const char* name, T& argument) {
        return request_as<Fn>(line, name, &argument, Fn);
    }

    // Disables the line and forgets its top half.
    static LineError release(LineId line) {
        NoPreemption const hold;
        if (LineError const error = check(line); error != LineError::none) {
            return error;
        }
        C::disable(line.intid());
        return release_entry(this_cpu(), line, C::lines());
    }

    static LineError enable(LineId line) {
        LineError const error = check(line);
        if (error == LineError::none) {
            C::enable(line.intid());
        }
        return error;
    }

    static LineError disable(LineId line) {
        LineError const error = check(line);
        if (error == LineError::none) {
            C::disable(line.intid());
        }
        return error;
    }

    static LineError set_trigger(LineId line, Trigger trigger) {
        if (LineError const error = check(line); error != LineError::none) {
            return error;
        }
        if (line.kind() == LineKind::sgi) {
            return LineError::wrong_kind;
        }
        return C::set_trigger(line.intid(), trigger) ? LineError::none : LineError::fixed;
    }

    // Makes the line pending by software, as if its device had asked once.
    static LineError pend(LineId line) {
        LineError const error = check(line);
        if (error == LineError::none) {
            C::pend(line.intid());
        }
        return error;
    }

    static LineError measure(LineId line, bool on) {
        return measure_entry(this_cpu(), line, C::lines(), on);
    }

    // For a number that came at run time: is it a PPI that can be requested?
    static LineError expect_kind(LineId line, LineKind kind) {
        if (line.intid() >= C::lines()) {
            return LineError::out_of_range;
        }
        return line.kind() == kind ? LineError::none : LineError::wrong_kind;
    }

  private:
    template <auto Fn, TopHalfResult R, Ipl L, typename U, std::convertible_to<U*> P>
    static LineError request_as(LineId line, const char* name, P argument,
                                R (*)(TopHalf<L> const&, U&)) {
        NoPreemption const hold;
        U* const owner = argument;
        LineError const error = request_entry(this_cpu(), line, C::lines(), name, L,
                                              &TopHalfEntry::run<Fn, L, U>, owner);
        if (error == LineError::none) {
            C::set_priority(line.intid(), L);
        }
        return error;
    }

    template <auto Fn>
    static LineError request_as(...) = delete;  // a top half is void(TopHalf<L> const&, T&)

    static LineError check(LineId line) {
        if (line.intid() >= C::lines()) {
            return LineError::out_of_range;
        }
        return line_info(line.intid()).name == nullptr ? LineError::not_requested : LineError::none;
    }
};

}  // namespace pivot
