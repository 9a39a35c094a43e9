// Devices that tests make: three software-pended lines, one a hard level, and a timer that
// interrupts at a chosen instruction.
#pragma once

#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "tests/target/check.hpp"

namespace pivot::test {

// A top half's token whose level the caller need not know.
class Here {
  public:
    template <Ipl L>
    explicit Here(TopHalf<L> const& context)
        : token_(&context), schedule_([](const void* token, Continuation& continuation) {
              return continuation.schedule(*static_cast<TopHalf<L> const*>(token));
          }) {}
    bool schedule(Continuation& continuation) const { return schedule_(token_, continuation); }

  private:
    const void* token_;
    bool (*schedule_)(const void*, Continuation&);
};

// A line that leaves its name in the trace when its top half begins and a '.' when it ends. What it
// does in between is said beforehand, for one run.
struct Probe {
    char name;
    LineId line;
    Ipl level;
    void (*does)(Here const&) = nullptr;

    // Asks for an interrupt; if the SPL lets it through, it is over when this returns.
    void pend() const {
        CHECK(BoardLines::pend(line) == LineError::none);
        port::dsb_sy();  // the controller has been told
        port::isb();     // and what it signals is taken here
    }
    [[nodiscard]] bool is_pending() const { return Board::Controller::is_pending(line.intid()); }
    [[nodiscard]] u32 count() const { return this_cpu().lines[line.intid()].count; }
};

inline u64 deepest = 0;  // of PerCpu::nesting, since somebody last set it to 0

template <Ipl L>
void probe_top_half(TopHalf<L> const& context, Probe& self) {
    trace.add(self.name);
    CHECK(on_interrupt_stack());
    CHECK_EQUAL(spl_current().held, held_at(L));
    if (this_cpu().nesting > deepest) {
        deepest = this_cpu().nesting;
    }
    if (auto const does = self.does; does != nullptr) {
        self.does = nullptr;
        does(Here(context));
        CHECK_EQUAL(spl_current().held, held_at(L));
    }
    trace.add('.');
}

inline constinit Probe v{'v', Board::kSpareLines[0], Ipl::vm};
inline constinit Probe s{'s', Board::kSpareLines[1], Ipl::sched};
inline constinit Probe h{'h', Board::kSpareLines[2], Ipl::high};

template <Ipl L>
void request(Probe& probe) {
    CHECK(BoardLines::request<&probe_top_half<L>>(probe.line, "probe", probe) == LineError::none);
    CHECK(BoardLines::set_trigger(probe.line, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(probe.line) == LineError::none);
}

inline void request_probes() {
    request<Ipl::vm>(v);
    request<Ipl::sched>(s);
    request<Ipl::high>(h);
}

// The state between two tests: thread level, nothing held off, nothing pending, nothing nested.
inline void check_calm() {
    PerCpu const& cpu = this_cpu();
    CHECK(!on_interrupt_stack());
    CHECK_EQUAL(cpu.spl, 0);
    CHECK_EQUAL(static_cast<u32>(cpu.hardware), 0);
    CHECK_EQUAL(static_cast<u32>(cpu.mask), 0);
    CHECK_EQUAL(cpu.attention, 0);
    CHECK_EQUAL(cpu.nesting, 0);
    CHECK(cpu.held == nullptr);
    for (u32 slot = 0; slot < kSoftLevels; ++slot) {
        CHECK(cpu.soft_first[slot].next == nullptr);
        CHECK(cpu.soft_last[slot] == &cpu.soft_first[slot]);
    }
}

}  // namespace pivot::test
