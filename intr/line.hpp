// Lines: who handles which interrupt, at which level, and what it has cost.
//
// Who: request, release, move_to, set_trigger: threads. enable, disable, pend: both.
// Lock order: none. A request claims the line by one compare-and-swap of its name; from then on it
// is its owner's, who must not enable, move or release it on two CPUs at the same time.
//
// A top half is a function `void(TopHalf<L> const&, T&)`, or returns Served or LineEnd. Its level L
// is the line's IPL: there is no way to register it at another. What dispatch needs lies in the
// CPU's own table (PerCpu::lines), what it does not in LineInfo.
//
// Several CPUs. An SPI is delivered to the CPU whose thread requested it, or to which it was moved;
// any CPU may enable, disable or pend it. An SGI or PPI is *banked*: a request is for all CPUs,
// those that come up later included, and enable, disable, pend and set_trigger are about the CPU
// that calls. A thread that may migrate between two of these calls must be bound to its CPU, or ask
// by a cross call.
//
// The end of a line. After a disable from elsewhere the top half may still be running over there.
// So `quiesce` and `release` wait for the CPUs in question (intr/errand.hpp), and when they return
// the top half runs nowhere. What it has scheduled may: a driver that goes away quiets its device,
// releases its line, and then cancels its continuation and waits for that. A device that is not
// quieted keeps the line asserted, for whoever requests it next.
//
// Moving it (move_to). Disabled, a line keeps what it was asked, so nothing is lost:
//
//     caller                       new CPU                        old CPU
//     disable the line                                            its top half may run: the line
//     errand to the new CPU        enters it in its own table     is active, given to nobody else
//     route, enable                its top half runs
//     errand to the old CPU                                       takes it out of its own table
//
// A driver's contract: before the top half returns, the device must have stopped asserting the
// line, and the store that made it stop must have arrived (read it back, or ISB for a
// system-register timer); otherwise a level-triggered line fires once more for nothing.
#pragma once

#include "intr/controller.hpp"
#include "intr/errand.hpp"
#include "intr/line_error.hpp"
#include "intr/line_hold.hpp"
#include "intr/line_id.hpp"
#include "intr/line_table.hpp"
#include "intr/top_half_entry.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"
#include "spl/system/system_spl.hpp"

namespace pivot {

// A top half as the dispatch table has it: `token` is a TopHalf<L>, whose L the function knows.
using TopHalfFunction = void (*)(void* token, void* argument);

// The part of a line that dispatch does not need. Read by the shell and by panics.
struct LineInfo {
    const char* name = nullptr;  // null: not requested
    // What dispatch calls, if the line is neither measured nor limited.
    TopHalfFunction handler = nullptr;
    // What the top half is called with beside its token.
    void* argument = nullptr;
    // Of a line that may stay active: its top half, and what dispatch calls, which differs while
    // the top half is measured.
    u64 (*ends)(void* token, void* argument) = nullptr;
    HoldingCall holding{nullptr, nullptr};
    u64 spl = 0;         // of its level
    u64 enabled_on = 0;  // the CPUs on which a banked line is enabled, a bit each
    u64 longest = 0;     // ticks, while measured (Lines::measure)
    u32 cpu = 0;         // to which an SPI is delivered
    // What has come of lock_or_defer (intr/deferral.hpp); of a banked line, roughly.
    u32 locks_taken = 0;
    u32 locks_spun = 0;  // taken after a wait for another CPU
    u32 locks_deferred = 0;
    u32 spurious = 0;             // top half said it was not its device; of a banked line, roughly
    LineShare* shares = nullptr;  // the devices of a shared line, oldest first
    LineLimit* limit = nullptr;   // intr/storm.hpp
    bool is_wanted = false;       // an SPI is enabled, as far as its owner is concerned
    bool is_measured = false;     // Lines::measure
    bool is_edge = false;         // triggered; as set_trigger was told
    bool unmaskable = false;      // no SPL holds it off
    bool is_unconverted = false;  // its top half takes the system-wide SPL of its level
    bool stray = false;           // fired without having been requested; masked since
    bool reported = false;        // and that has been said
};

// The interrupt lines of the machine: who handles which, at which IPL, on which CPUs.
template <Controller C>
struct Lines {
    // Boot, on each CPU before it lets interrupts in.
    static void init_cpu(PerCpu& cpu) {
        init_line_table(cpu, &C::disable);
        init_line_holds(&C::deactivate);
        C::init_cpu();
    }

    // Makes `Fn` the top half of a line, disabled yet. The level is the one that Fn's token names.
    template <auto Fn, typename T>
    static LineError request(LineId line, const char* name, T& argument) {
        return request_as<Fn, false>(line, name, &argument, Fn);
    }

    // The same for a driver that is not converted to mutexes: on whichever CPU, its top half does
    // not run while somebody holds the system-wide SPL at its level or above
    // (spl/system/system_spl.hpp). It may hold the line's CPU up for that long, at its own level.
    template <auto Fn, typename T>
    static LineError request_unconverted(LineId line, const char* name, T& argument) {
        return request_as<Fn, false, true>(line, name, &argument, Fn);
    }

    // The same, but no SPL holds the line off, and it nests on top of every other: for a stop after
    // which nothing goes on. Its top half is at level high, and what it interrupts may be, too.
    template <auto Fn, typename T>
    static LineError request_unmaskable(LineId line, const char* name, T& argument) {
        return request_as<Fn, true>(line, name, &argument, Fn);
    }

    // Disables the line, and waits until its top half runs nowhere.
    static LineError quiesce(MayBlock const& context, LineId line) {
        LineError const error = disable(line);
        if (error == LineError::none) {
            rest_limit(context, line_info(line.intid()));
            run_on_cpus(context, cpus_of(line), &disable_here, line.intid());
            rest_limit(context, line_info(line.intid()));  // a top half may just have reached it
        }
        return error;
    }

    // The same, and forgets the top half and what the line was still asked.
    static LineError release(MayBlock const& context, LineId line) {
        LineError const error = quiesce(context, line);
        return error == LineError::none ? forget(line) : error;
    }

    template <Ipl L>
    static LineError release(TopHalf<L> const&, LineId) = delete;  // it would wait for its own end

    // For whoever cannot wait: only where the top half can be running nowhere else.
    static LineError release(LineId line) {
        NoPreemption const hold;
        if (LineError const error = check_owned(line); error != LineError::none) {
            return error;
        }
        if (!is_last_user(line)) {
            return LineError::other_cpu;
        }
        if (line_info(line.intid()).limit != nullptr) {
            return LineError::limited;
        }
        C::disable(line.intid());
        return forget(line);
    }

    // Has an SPI delivered to another CPU from now on, while it fires or not. What has been asked
    // of it is not lost, and its top half never runs on both.
    static LineError move_to(MayBlock const& context, LineId line, u32 cpu) {
        LineError const error = check_move(line, cpu);
        if (error != LineError::none || line_info(line.intid()).cpu == cpu) {
            return error;
        }
        u64 const before = cpus_of(line);
        C::disable(line.intid());
        run_on_cpus(context, u64{1} << cpu, &enter_here, line.intid());
        C::route(line.intid(), cpu_of(cpu));
        enable_if_wanted(line);
        run_on_cpus(context, before, &forget_here, line.intid());
        return LineError::none;
    }

    // Lets the line interrupt, a banked one on this CPU; a polled one, at the next poll. Both.
    static LineError enable(LineId line) {
        return act(line, [&](u32 intid) {
            if (line.is_banked()) {
                set_priority(line);  // on this CPU, where perhaps nobody has yet
            }
            note_enabled(line_info(intid), intid, true);
            if (!is_polled(line_info(intid))) {
                C::enable(intid);
            }
        });
    }

    // Of a shared line only its last device does, by leaving.
    static LineError disable(LineId line) {
        LineError const error = check_owned(line);
        return error != LineError::none ? error : act(line, &disable_here);
    }

    // What makes the line pending. `fixed`: the hardware decides; `wrong_kind`: an SGI. Threads.
    static LineError set_trigger(LineId line, Trigger trigger) {
        bool was_set = true;
        LineError const error = act(line, [&](u32 intid) {
            was_set = line.kind() == LineKind::sgi || change_trigger(intid, trigger);
        });
        if (error != LineError::none) {
            return error;
        }
        if (line.kind() == LineKind::sgi) {
            return LineError::wrong_kind;
        }
        return was_set ? LineError::none : LineError::fixed;
    }

    // Makes the line pending by software, as if its device had asked once.
    static LineError pend(LineId line) {
        return act(line, [](u32 intid) { C::pend(intid); });
    }

    // Measures its longest top half (LineInfo::longest, 0 again) from now on, or no more. Threads.
    static LineError measure(LineId line, bool on) {
        NoPreemption const hold;
        return measure_entry(line, C::lines(), on);
    }

    // For a number that came at run time: is it of that kind, and does the controller have it?
    static LineError expect_kind(LineId line, LineKind kind) {
        if (line.intid() >= C::lines()) {
            return LineError::out_of_range;
        }
        return line.kind() == kind ? LineError::none : LineError::wrong_kind;
    }

  private:
    template <Controller>
    friend struct SharedLines;
    template <Controller>
    friend struct LineLimits;

    template <auto Fn, bool Unmaskable, bool Unconverted = false, TopHalfResult R, Ipl L,
              typename U, std::convertible_to<U*> P>
    static LineError request_as(LineId line, const char* name, P argument,
                                R (*)(TopHalf<L> const&, U&)) {
        static_assert(!Unmaskable || L == Ipl::high,
                      "nothing is above the top half: it is at high");
        NoPreemption const hold;
        U* const owner = argument;
        LineInfo request{.name = name,
                         .argument = owner,
                         .spl = held_at(L),
                         .cpu = this_cpu().id,
                         .unmaskable = Unmaskable,
                         .is_unconverted = Unconverted};
        if constexpr (Unconverted) {
            static_assert(!std::same_as<R, LineEnd>, "lock_or_defer is for converted drivers");
            request.handler = &TopHalfEntry::run_unconverted<Fn, L, U>;
        } else if constexpr (std::same_as<R, LineEnd>) {
            if (line.kind() == LineKind::sgi) {
                return LineError::wrong_kind;  // GICv2 would have to be told the sender
            }
            request.handler = &pivot_irq_holding;
            request.ends = &TopHalfEntry::run_holding<Fn, L, U>;
            request.holding = {request.ends, owner};
        } else {
            request.handler = &TopHalfEntry::run<Fn, L, U>;
        }
        LineError const error = request_entry(line, C::lines(), request);
        if (error == LineError::none) {
            deliver_here(line);
        }
        return error;
    }

    static void deliver_here(LineId line) {
        set_priority(line);
        if (!line.is_banked()) {
            C::route(line.intid(), this_cpu());
        }
    }

    static void disable_here(u32 intid) {
        note_enabled(line_info(intid), intid, false);
        C::disable(intid);
    }
    // Masked for a storm or not: if it is one still, it fires once and is masked again.
    static void enable_if_wanted(LineId line) {
        if (is_line_wanted(line_info(line.intid()), line.intid())) {
            C::enable(line.intid());
        }
    }

    // The trigger must not change while the line is enabled (IHI 0069H, 12.9.9: UNPREDICTABLE).
    static bool change_trigger(u32 intid, Trigger trigger) {
        bool const enabled = C::is_enabled(intid);
        if (enabled) {
            C::disable(intid);
        }
        bool const was_set = C::set_trigger(intid, trigger);
        if (was_set) {
            line_info(intid).is_edge = trigger == Trigger::edge;
        }
        if (enabled) {
            C::enable(intid);
        }
        return was_set;
    }

    static LineError forget(LineId line) {
        if (!line.is_banked()) {
            C::unpend(line.intid());
        }
        return release_entry(line, C::lines());
    }

    static void set_priority(LineId line) {
        LineInfo const& info = line_info(line.intid());
        if (info.unmaskable) {
            C::set_unmaskable(line.intid());
        } else {
            C::set_priority(line.intid(), level_of(info.spl));
        }
    }

    template <auto Fn, bool Unmaskable, bool Unconverted = false>
    static LineError request_as(...) = delete;  // a top half is void(TopHalf<L> const&, T&)

    // Calls `on(intid)` if somebody has requested the line. The registers of a banked line are
    // those of one CPU: the caller stays on it meanwhile.
    template <typename On>
    static LineError act(LineId line, On&& on) {
        LineError const error = check(line);
        if (error != LineError::none) {
            return error;
        }
        if (line.is_banked()) {
            NoPreemption const hold;
            on(line.intid());
        } else {
            on(line.intid());
        }
        return LineError::none;
    }

    static LineError check_move(LineId line, u32 cpu) {
        if (LineError const error = check(line); error != LineError::none) {
            return error;
        }
        if (line.is_banked()) {
            return LineError::wrong_kind;
        }
        return cpu < kMaxCpus && is_online(cpu) ? LineError::none : LineError::no_such_cpu;
    }

    // Nobody shares it.
    static LineError check_owned(LineId line) {
        LineError const error = check(line);
        return error == LineError::none && line_info(line.intid()).shares != nullptr
                   ? LineError::shared
                   : error;
    }

    static LineError check(LineId line) {
        if (line.intid() >= C::lines()) {
            return LineError::out_of_range;
        }
        return line_info(line.intid()).name == nullptr ? LineError::not_requested : LineError::none;
    }
};

}  // namespace pivot
