#include "intr/storm.hpp"

#include "kern/base/log.hpp"
#include "kern/clock.hpp"

namespace pivot {
namespace {

constexpr u64 kReportEveryNs = 1'000'000'000;

}  // namespace

void LineLimit::begin(u32 intid, LineRate const& rate, Controls controls) {
    controls_ = controls;
    intid_ = intid;
    cpu_ = this_cpu().id;
    rate_ = rate;
    window_ = Clock::ticks_of_ns(rate.window_ns);
    since_ = counter();
    count_ = unserved_ = 0;
    reported_ = 0;
    storms_ = stuck_ = polls_ = 0;
}

void LineLimit::note(bool served, TopHalf<Ipl::vm> const& any_level) {
    if (LineId(intid_).is_banked() && this_cpu().id != cpu_) {
        return;
    }
    if (polling_) {
        atomic::store_release(&came_, true);
        controls_.disable(intid_);
        return;
    }
    unserved_ += served ? 0 : 1;
    if (++count_ < rate_.interrupts) {
        return;
    }
    u64 const now = counter();
    bool const stuck = u64{unserved_} * 100 >= u64{count_} * rate_.unserved_percent;
    bool const storm = now - since_ < window_;
    since_ = now;
    count_ = unserved_ = 0;
    if (stuck || storm) {
        enter(stuck, any_level);
    }
}

void LineLimit::enter(bool stuck, TopHalf<Ipl::vm> const& any_level) {
    is_stuck_ = stuck;
    stuck ? ++stuck_ : ++storms_;
    came_ = true;
    atomic::store_release(&polling_, true);
    controls_.disable(intid_);
    report_.schedule(any_level);
}

// A line that goes on and off is not to fill the log.
bool LineLimit::may_report() {
    u64 const now = counter();
    bool const due = reported_ == 0 || now - reported_ >= Clock::ticks_of_ns(kReportEveryNs);
    reported_ = due ? now : reported_;
    return due;
}

void LineLimit::begin_polling(MayBlock const& context, LineLimit& self) {
    self.polled_ = self.found_ = 0;
    self.settling_ = false;
    if (self.may_report()) {
        log("line {} ({}) {}: masked and polled, {} a {} us", self.intid_,
            line_info(self.intid_).name, self.is_stuck_ ? "fires for nobody" : "is in a storm",
            self.rate_.interrupts, self.rate_.window_ns / 1000);
    }
    (void)self.poll_.arm_every_ns(context, self.rate_.window_ns / self.rate_.interrupts);
}

void LineLimit::let_in() {
    LineInfo const& info = line_info(intid_);
    if (is_line_wanted(info, intid_)) {
        controls_.enable(intid_);
        if (!is_line_wanted(info, intid_)) {
            controls_.disable(intid_);
        }
    }
}

void LineLimit::poll(MayWake const& context, LineLimit& self) {
    if (self.settling_) {
        self.settling_ = false;
        (void)self.poll_.cancel(context);
        if (!self.is_polling()) {
            self.let_in();
        }
        return;
    }
    self.found_ += atomic::exchange(&self.came_, false) ? 1 : 0;
    if (++self.polled_ >= self.rate_.interrupts) {
        if (self.found_ <= self.rate_.interrupts / 2) {
            self.calm(context);
            return;
        }
        self.polled_ = self.found_ = 0;
    }
    atomic::store_relaxed(&self.polls_, self.polls_ + 1);
    self.let_in();
}

// Counting again. A top half that has just seen `polling_` still masks: the next poll, the last,
// undoes that.
void LineLimit::calm(MayWake const&) {
    settling_ = true;
    since_ = counter();
    count_ = unserved_ = 0;
    atomic::store_release(&polling_, false);
    let_in();
    if (may_report()) {
        log("line {} ({}) has calmed", intid_, line_info(intid_).name);
    }
}

void LineLimit::rest(MayBlock const& context) {
    report_.cancel_and_wait(context);
    poll_.cancel_and_wait(context);
    settling_ = false;
    count_ = unserved_ = 0;
    atomic::store_release(&polling_, false);
}

bool is_polled(LineInfo const& info) {
    LineLimit const* const limit = atomic::load_acquire(&info.limit);
    return limit != nullptr && limit->is_polling();
}

void rest_limit(MayBlock const& context, LineInfo& info) {
    if (info.limit != nullptr) {
        info.limit->rest(context);
    }
}

}  // namespace pivot
