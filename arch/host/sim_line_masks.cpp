#include "arch/host/sim_line_masks.hpp"

#include "arch/dev/line_masks.hpp"
#include "arch/host/sim_controller.hpp"

namespace pivot {

using Masks = LineMasks<SimBare>;

static_assert(Controller<Masks>);
static_assert(SimLineMasks::kNothing == Masks::kNothing);
static_assert(SimLineMasks::kHeldOff == Masks::kHeldOff);

void SimLineMasks::init_distributor() { Masks::init_distributor(); }
void SimLineMasks::init_cpu() { Masks::init_cpu(); }
void SimLineMasks::enable(u32 line) { Masks::enable(line); }
void SimLineMasks::disable(u32 line) { Masks::disable(line); }
void SimLineMasks::set_priority(u32 line, Ipl level) { Masks::set_priority(line, level); }
void SimLineMasks::set_unmaskable(u32 line) { Masks::set_unmaskable(line); }
void SimLineMasks::route(u32 line, PerCpu const& cpu) { Masks::route(line, cpu); }
void SimLineMasks::pend(u32 line) { Masks::pend(line); }
void SimLineMasks::unpend(u32 line) { Masks::unpend(line); }
void SimLineMasks::deactivate(u32 line) { Masks::deactivate(line); }
bool SimLineMasks::is_pending(u32 line) { return Masks::is_pending(line); }
bool SimLineMasks::is_active(u32 line) { return Masks::is_active(line); }
bool SimLineMasks::is_enabled(u32 line) { return Masks::is_enabled(line); }
u32 SimLineMasks::take(PerCpu& cpu) { return Masks::take(cpu); }
void SimLineMasks::hold_off_only(u64 held) { Masks::hold_off_only(held); }
bool SimLineMasks::remembers_nothing(u32 cpu) { return Masks::remembers_nothing(cpu); }

}  // namespace pivot
