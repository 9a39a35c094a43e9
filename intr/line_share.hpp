// Shared lines: several devices on one interrupt, each with a top half of its own.
//
// Who: join: threads, at any SPL up to softserial. leave: threads (MayBlock). ask_all: dispatch.
// Lock order: the lists' lock is a word, taken last; top halves walk without it.
//
// A line's sharers are a list that the top half walks, oldest first, asking each whether it was the
// one (Served). All are of one level, the line's. A level-triggered line is asked once round: who
// is left out by a wrong "no" keeps it asserted, and it fires again. An *edge* that comes from the
// second device while the first still asserts is no edge at the controller, so there the round is
// repeated until nobody has anything left; at most kRounds times, for a device that always says yes
// must not keep the CPU.
//
// Taking one out while the list is walked, perhaps on another CPU:
//
//     CPU 0: leave(b)                            CPU 1: ask_all
//     lock; a.next = b.next; unlock             at b, or about to come to it
//     errand to CPU 1 (intr/errand.hpp)         b is asked a last time; goes on to b.next, which
//                                               stays as it is
//                                               the errand runs: no top half is under way
//     b is its owner's again
//
// A device's top half may hold the line (intr/line_hold.hpp); all of them are held off then.
//
// Another one may be taken out meanwhile: whoever has just read a pointer to it began before *its*
// errand was sent.
#pragma once

#include "arch/contract/cpu.hpp"
#include "intr/line.hpp"
#include "kern/base/atomic.hpp"
#include "spl/spl.hpp"

namespace pivot {

// One device's place in the list. Made by its driver; the request fills it in.
struct LineShare {
    LineShare* next = nullptr;
    bool (*ask)(void* token, void* owner) = nullptr;  // null: in no list
    void* owner = nullptr;
    const char* name = nullptr;
    u32 served = 0;  // times it said yes
};

// While it lives, nobody else joins or leaves a shared line.
class ShareGuard {
  public:
    ShareGuard() { (void)port::Cpu::lock_word(&lock_); }
    ShareGuard(ShareGuard const&) = delete;
    ShareGuard& operator=(ShareGuard const&) = delete;
    ~ShareGuard() { atomic::store_release(&lock_, u64{0}); }

  private:
    static constinit inline u64 lock_ = 0;
    NoPreemption hold_;
};

struct ShareList {
    static constexpr u32 kRounds = 16;

    // What dispatch calls; the argument is the line's LineInfo.
    static u64 ask_all(void* token, void* info);

    // Under the guard. False: it is not in the line's list.
    static void add(LineInfo& info, LineShare& share);
    [[nodiscard]] static bool take_out(LineInfo& info, LineShare& share);
};

template <Controller C>
struct SharedLines {
    // Makes `Fn`, a `Served(TopHalf<L> const&, T&)`, the top half of one of a line's devices. The
    // first one's CPU becomes the line's, and its level; the line is disabled yet. It may be
    // enabled when the others come, so their devices are ready or quiet. `share` is the device's
    // until it leaves.
    template <auto Fn, typename T>
    static LineError join(LineId line, const char* name, LineShare& share, T& owner) {
        return join_as<Fn>(line, name, share, &owner, Fn);
    }

    // The device's top half runs nowhere when this returns. The last one releases the line.
    static LineError leave(MayBlock const& context, LineId line, LineShare& share) {
        bool last = false;
        {
            ShareGuard const guard;
            LineError const error = Lines<C>::check(line);
            if (error != LineError::none) {
                return error;
            }
            LineInfo& info = line_info(line.intid());
            if (!ShareList::take_out(info, share)) {
                return LineError::not_requested;
            }
            last = info.shares == nullptr;  // from here on the line is taken, for everyone
        }
        if (last) {
            Lines<C>::disable_here(line.intid());
            rest_limit(context, line_info(line.intid()));
        }
        // Wherever the line is, should it be moved meanwhile.
        run_on_cpus(context, online_set(), last ? &Lines<C>::disable_here : &just_be_there,
                    line.intid());
        if (last) {
            rest_limit(context, line_info(line.intid()));  // a top half may just have reached it
        }
        share.ask = nullptr;
        return last ? Lines<C>::forget(line) : LineError::none;
    }

  private:
    static void just_be_there(u32) {}

    template <auto Fn, Ipl L, typename U, std::convertible_to<U*> P>
    static LineError join_as(LineId line, const char* name, LineShare& share, P argument,
                             Served (*)(TopHalf<L> const&, U&)) {
        PIVOT_REQUIRE(share.ask == nullptr, "a device joins a second shared line", name);
        if (line.intid() >= C::lines()) {
            return LineError::out_of_range;
        }
        if (line.kind() == LineKind::sgi) {
            return LineError::wrong_kind;
        }
        U* const owner = argument;
        ShareGuard const guard;
        LineInfo& info = line_info(line.intid());
        LineError const error = info.name == nullptr ? begin<L>(line, info) : check_join<L>(info);
        if (error == LineError::none) {
            share = {nullptr, &TopHalfEntry::ask<Fn, L, U>, owner, name};
            ShareList::add(info, share);
        }
        return error;
    }
    template <auto Fn>
    static LineError join_as(...) = delete;  // a device that shares its line returns Served

    template <Ipl L>
    static LineError begin(LineId line, LineInfo& info) {
        LineError const error = request_entry(line, C::lines(),
                                              LineInfo{.name = "(shared)",
                                                       .handler = &pivot_irq_holding,
                                                       .argument = &info,
                                                       .ends = &ShareList::ask_all,
                                                       .holding = {&ShareList::ask_all, &info},
                                                       .spl = held_at(L),
                                                       .cpu = this_cpu().id});
        if (error == LineError::none) {
            Lines<C>::deliver_here(line);
        }
        return error;
    }
    template <Ipl L>
    static LineError check_join(LineInfo const& info) {
        if (info.shares == nullptr) {
            return LineError::taken;
        }
        return info.spl == held_at(L) ? LineError::none : LineError::other_level;
    }
};

}  // namespace pivot
