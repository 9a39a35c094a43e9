// A simulated interrupt controller with the GIC's semantics (IHI 0069H, chapter 4): enable, pending
// and active bits, priorities, a mask, a stack of running priorities, and drop and deactivation
// kept apart (EOImode 1). One set of state a simulated CPU; an SPI's is where it is routed to.
//
// Or one without priorities, if the environment says PIVOT_CONTROLLER=line_masks: of the same state
// there are then only enable bits, what asks, and which CPU is nudged (SimBare), and everything
// else is arch/dev/line_masks.hpp's. The same tests run on both.
//
// Who: the line table through the Controller concept; the port; tests, which play the devices.
// Lock order: none.
#pragma once

#include <array>
#include <vector>

#include "intr/controller.hpp"

namespace pivot {

struct SimController {
    static constexpr u32 kLines = 96;
    static constexpr u32 kSpecial = 1023;  // acknowledge: there is nothing
    static constexpr u32 kIdlePriority = 0xff;

    // A lower number is a higher priority.
    [[nodiscard]] static constexpr u32 priority_of(Ipl level) {
        return 0xe0 - 0x10 * static_cast<u32>(level);
    }

    struct Line {
        bool enabled = false;
        bool latched = false;   // an edge, or pended by software; cleared by the acknowledge
        bool asserted = false;  // the device's wire, of a level-triggered line
        bool active = false;
        Trigger trigger = Trigger::level;
        u32 priority = kIdlePriority;
        [[nodiscard]] bool pending() const {
            return latched || (trigger == Trigger::level && asserted);
        }
    };

    // Accesses to registers, as a cost report counts them.
    struct Accesses {
        u32 mask = 0, acknowledge = 0, drop = 0, deactivate = 0, distributor = 0;
    };

    struct State {
        std::array<Line, kLines> lines{};
        u32 mask = kIdlePriority;
        std::vector<u32> running;  // priorities of what has been acknowledged and not dropped
        u32 best = kSpecial;  // the line that would be given out, were it not for mask and running
        bool gone = false;    // signalled, but withdrawn before the acknowledge
        bool nudged = false;  // signalled, though no line asks; without priorities
        Accesses accesses;
    };

    [[nodiscard]] static bool has_priorities();

    // -- the Controller concept
    static void init_distributor();
    static void init_cpu();
    [[nodiscard]] static u32 lines() { return kLines; }
    static u32 find_cpus(u64* affinities, u32 room);
    static void enable(u32 line);
    static void disable(u32 line);
    static void set_priority(u32 line, Ipl level);
    static void set_unmaskable(u32 line);
    static void route(u32 line, PerCpu const& cpu);
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger);
    static void pend(u32 line);
    static void unpend(u32 line);
    static void deactivate(u32 line);  // DIR: the line may be taken again
    [[nodiscard]] static bool is_pending(u32 line);
    [[nodiscard]] static bool is_active(u32 line);
    [[nodiscard]] static bool is_enabled(u32 line);

    // -- the CPU interface
    static void set_mask(u32 priority);
    [[nodiscard]] static bool is_signalled();                 // the interrupt request to the CPU
    [[nodiscard]] static bool is_signalled(State const& of);  // to the one that `of` belongs to
    [[nodiscard]] static u32 acknowledge();
    static void drop(u32 line);  // EOIR: the running priority falls back

    // -- the devices
    static void pend(State& of, u32 line);  // at another CPU's interface
    static void ask(u32 line);              // once; as pend() does where a controller can
    // Which CPU's a line is: that to which it was routed, or else whose `own` is.
    [[nodiscard]] static State& home_of(State& own, u32 line);
    static void assert_line(u32 line);
    static void deassert_line(u32 line);
    static void signal_nothing();  // the next acknowledge finds nothing: a spurious interrupt
    [[nodiscard]] static Accesses const& accesses();
    [[nodiscard]] static u32 running_depth();
    // Neither masks nor remembers anything for `cpu`, whose interface this is.
    static bool is_at_rest(State const& of, PerCpu const& cpu);

  private:
    friend struct SimBare;
    static void route_record(u32 line, PerCpu const& cpu);
    static void route_to(State& to, u32 line);
};

// The registers of the other kind (arch/dev/line_masks.hpp: RawLines).
struct SimBare {
    static constexpr u32 kWords = SimController::kLines / 32;
    static u32 find_cpus(u64* affinities, u32 room);
    [[nodiscard]] static u32 pending(u32 word);
    static void mask(u32 word, u32 lines);
    static void unmask(u32 word, u32 lines);
    static void clear(u32 word, u32 lines);
    static void nudge(PerCpu const& cpu);
    [[nodiscard]] static bool quiet_nudge();
    static void route(u32 line, PerCpu const& cpu) { SimController::route_record(line, cpu); }
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger);
};

}  // namespace pivot
