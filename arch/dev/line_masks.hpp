// Lines of a controller without priorities, such as the Raspberry Pi 3's: it can mask a line,
// unmask it, and say which of those not masked ask; there is no acknowledge, and no level is held
// off but by masking its lines one by one. This makes a Controller of it (intr/controller.hpp).
//
// Who: as intr/controller.hpp says; take() is entry's, on the CPU, interrupts masked; hold_off_only
// is what the port's set_priority_mask calls. Lock order: none, and it takes none.
//
// Mask, remember, replay. Raising the SPL still tells nobody. Entry finds what asks (`take`):
//
//   - the line of the highest level, if that is above the SPL, is masked ("active") and dispatched;
//     the end of its top half unmasks it (`deactivate`);
//   - all others that ask are at or below the level that the CPU then runs at. They are masked and
//     *remembered*, and the level is marked in `attention`;
//   - splx finds the mark and calls set_priority_mask as for any controller, which is here: unmask
//     what is remembered above the new SPL, highest level first. Whatever still asks then fires by
//     itself. Nothing is called from a list, so nothing runs twice and nothing that has withdrawn
//     its request runs at all.
//
// An interrupt may find remembered lines above the SPL: splx has stored it, and not yet looked.
// Entry unmasks them first (the same as it sets a GIC's mask *down*), so that the highest is taken.
// Exit does it with interrupts still masked: were they let in with the frame still there, two lines
// that ask in turn would pile up a frame each time (docs/decisions/line-masks.md).
//
// Truth and mask. A line is masked for up to three reasons: disabled, active, remembered. Each is a
// bit that is set and cleared in one step, by whatever CPU; the controller's mask only follows. So
// whoever changes a reason writes the mask for what he finds, and *looks again* (`follow`):
//
//     CPU 0, home of the line                     CPU 1
//     replay: remembered is cleared
//     reads: no reason left
//                                                 disable: the bit is set
//                                                 reads: disabled. Masks the line
//     unmasks it
//     looks again: disabled. Masks it
//
// Whoever writes last has looked after everybody's change, so the mask ends up right. That it was
// wrong for a moment does not matter: entry looks at the reasons, not at the mask, and puts it
// right.
#pragma once

#include "arch/contract/cpu.hpp"
#include "intr/controller.hpp"
#include "kern/base/atomic.hpp"
#include "kern/cpus.hpp"
#include "spl/spl.hpp"

namespace pivot {

// What such a controller can do. Lines are bits of words; word 0 is banked, as lines 0-31 are.
// A write has arrived at the controller when the function returns.
//
//   pending(word)         what asks and is not masked, on this CPU
//   mask, unmask          both; of word 0, this CPU's
//   clear(word, bits)     forgets edges that have come; an edge is kept whether masked or not
//   nudge(cpu)            that CPU is interrupted, although no line asks
//   quiet_nudge()         ends that here; whether there was one
//   route(line, cpu)      an SPI goes there; at first they go to CPU 0
//   set_trigger           as the Controller's
template <typename R>
concept RawLines = requires(u32 n, Trigger trigger, PerCpu const& cpu, u64* affinities) {
    { R::kWords } -> std::convertible_to<u32>;
    { R::find_cpus(affinities, n) } -> std::same_as<u32>;
    { R::pending(n) } -> std::same_as<u32>;
    R::mask(n, n);
    R::unmask(n, n);
    R::clear(n, n);
    R::nudge(cpu);
    { R::quiet_nudge() } -> std::same_as<bool>;
    R::route(n, cpu);
    { R::set_trigger(n, trigger) } -> std::same_as<bool>;
};

template <RawLines R>
struct LineMasks {
    // What take() answers but for a line.
    static constexpr u32 kNothing = 1021;   // a nudge, or a mask put right: return
    static constexpr u32 kHeldOff = 1022;   // everything that asks is held off: return
    static constexpr u32 kSpurious = 1023;  // nothing asks: to be counted

    // -- the Controller concept
    //
    // Lines that nobody gives a level are at vm, where strays are reported.
    static void init_distributor() {
        for (u32 word = 0; word < R::kWords; ++word) {
            for (u32 rank = 0; rank < kRanks; ++rank) {
                g_rank[rank][word] = rank == rank_of(held_at(Ipl::vm)) ? ~u32{0} : 0;
            }
            for (u32 cpu = 0; cpu < kMaxCpus; ++cpu) {
                g_here[cpu][word] = cpu == 0 ? ~u32{0} : 0;
            }
            if (word != 0) {
                reset(g_words[word], word);
            }
        }
    }
    static void init_cpu() {
        reset(g_banked[this_cpu().id], 0);
        g_here[this_cpu().id][0] = ~u32{0};
    }
    static u32 find_cpus(u64* affinities, u32 room) { return R::find_cpus(affinities, room); }
    [[nodiscard]] static u32 lines() { return 32 * R::kWords; }

    static void enable(u32 line) { drop_reason(line, of(line).disabled); }
    static void disable(u32 line) {
        atomic::fetch_or(&of(line).disabled, bit(line));
        follow(line / 32, bit(line));
    }
    static void set_priority(u32 line, Ipl level) { set_rank(line, rank_of(held_at(level))); }
    static void set_unmaskable(u32 line) { set_rank(line, kUnmaskable); }

    // What another CPU has remembered of it is nobody's to replay any more.
    static void route(u32 line, PerCpu const& cpu) {
        u32 const word = line / 32;
        for (u32 id = 0; id < kMaxCpus; ++id) {
            if (id != cpu.id) {
                atomic::fetch_and(&g_here[id][word], ~bit(line));
            }
        }
        R::route(line, cpu);
        atomic::fetch_or(&g_here[cpu.id][word], bit(line));
        drop_reason(line, of(line).remembered);
    }
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger) {
        return R::set_trigger(line, trigger);
    }

    // The controller cannot: a request that is made by software is kept here, and a nudge says so.
    static void pend(u32 line) {
        atomic::fetch_or(&of(line).asked, bit(line));
        nudge_for(line / 32, bit(line));
    }
    static void unpend(u32 line) {
        atomic::fetch_and(&of(line).asked, ~bit(line));
        R::clear(line / 32, bit(line));
        drop_reason(line, of(line).remembered);
    }
    static void deactivate(u32 line) { drop_reason(line, of(line).active); }

    // As far as it is known: a masked line may ask again, or no more.
    [[nodiscard]] static bool is_pending(u32 line) {
        Word& word = of(line);
        u32 const set = atomic::load_in_order(&word.asked) |
                        atomic::load_in_order(&word.remembered) | R::pending(line / 32);
        return (set & bit(line)) != 0;
    }
    [[nodiscard]] static bool is_active(u32 line) {
        return (atomic::load_in_order(&of(line).active) & bit(line)) != 0;
    }
    [[nodiscard]] static bool is_enabled(u32 line) {
        return (atomic::load_in_order(&of(line).disabled) & bit(line)) == 0;
    }

    // -- the CPU interface
    // Entry: the line to dispatch, or one of the answers above.
    static u32 take(PerCpu& cpu) {
        bool const nudged = R::quiet_nudge();  // before the look: what comes now nudges again
        u64 const spl = cpu.spl;
        if (static_cast<u32>(cpu.mask & ~spl) != 0 && !kBugReplayLowestFirst) {
            replay_above(spl, true);
            note(cpu, spl);
        }
        for (;;) {
            Asking asking = look(cpu);
            if (asking.rank == kNone) {
                return nudged || asking.was_blocked ? kNothing : kSpurious;
            }
            if (asking.rank <= rank_of(spl)) {
                remember(cpu, asking, spl);
                return kHeldOff;
            }
            u32 const line = asking.best;
            if (claim(cpu, line)) {
                asking.set[line / 32] &= ~bit(line);
                remember(cpu, asking, cpu.lines[line].spl);
                return line;
            }
        }
    }

    // Replays what is remembered above `held`, highest first. Interrupts may come in between.
    static void hold_off_only(u64 held) { replay_above(held, false); }

    // For tests: nothing is remembered on this CPU.
    [[nodiscard]] static bool remembers_nothing(u32 cpu) {
        u32 any = g_banked[cpu].remembered;
        for (u32 word = 1; word < R::kWords; ++word) {
            any |= g_words[word].remembered & g_here[cpu][word];
        }
        return any == 0;
    }

  private:
    // The reasons why a line is masked, and that it was asked for by software; a bit a line.
    struct Word {
        u32 disabled = ~u32{0};
        u32 active = 0;      // dispatched; until deactivate
        u32 remembered = 0;  // asked while the SPL held it off
        u32 asked = 0;
    };
    // A line's rank: its hard level from 1, or above all.
    static constexpr u32 kNone = 0, kUnmaskable = 4, kRanks = 5;

    // What entry found.
    struct Asking {
        u32 set[R::kWords];
        u32 rank = kNone;          // the highest in the set,
        u32 best = 0;              // and the lowest line that has it
        bool was_blocked = false;  // something asked that was to be masked
    };

    static inline constinit Word g_words[R::kWords]{};  // but for the first
    static inline constinit Word g_banked[kMaxCpus]{};
    static inline constinit u32 g_rank[kRanks][R::kWords]{};
    static inline constinit u32 g_here[kMaxCpus][R::kWords]{};  // routed to that CPU

    static constexpr u32 bit(u32 line) { return u32{1} << line % 32; }
    static Word& of(u32 line) { return line < 32 ? g_banked[this_cpu().id] : g_words[line / 32]; }
    static u32 rank_of(u64 held) {
        u32 const hard = static_cast<u32>(held);
        return hard == 0 ? kNone : 4 - static_cast<u32>(__builtin_clz(hard)) / 8;
    }

    static void reset(Word& state, u32 word) {
        state = Word{};
        R::mask(word, ~u32{0});
        R::clear(word, ~u32{0});
    }

    // Of a line that is disabled, or (banked, on another CPU) has that rank already.
    static void set_rank(u32 line, u32 rank) {
        atomic::fetch_or(&g_rank[rank][line / 32], bit(line));
        for (u32 other = 0; other < kRanks; ++other) {
            if (other != rank) {
                atomic::fetch_and(&g_rank[other][line / 32], ~bit(line));
            }
        }
    }

    static u32 blocked(u32 word) {
        Word& state = of(32 * word);
        return atomic::load_in_order(&state.disabled) | atomic::load_in_order(&state.active) |
               atomic::load_in_order(&state.remembered);
    }

    // Makes the controller's mask of these lines what their reasons say.
    static void follow(u32 word, u32 lines) {
        for (;;) {
            u32 const masked = blocked(word) & lines;
            if (masked != 0) {
                R::mask(word, masked);
            }
            if (masked != lines) {
                R::unmask(word, lines & ~masked);
            }
            if (kBugMaskNotLookedAt || (blocked(word) & lines) == masked) {
                break;
            }
        }
        nudge_for(word, lines);
    }

    static void drop_reason(u32 line, u32& reason) {
        atomic::fetch_and(&reason, ~bit(line));
        follow(line / 32, bit(line));
    }

    // Software asks for one of these lines, and no reason is left to keep it: its CPU has to look.
    // It is first asked and then looked for reasons, and follow() does it the other way round.
    static void nudge_for(u32 word, u32 lines) {
        u32 const due = atomic::load_in_order(&of(32 * word).asked) & lines & ~blocked(word);
        if (due == 0) {
            return;
        }
        if (word == 0) {
            R::nudge(this_cpu());
            return;
        }
        for (u32 cpu = 0; cpu < kMaxCpus; ++cpu) {
            if ((atomic::load_in_order(&g_here[cpu][word]) & due) != 0) {
                R::nudge(cpu_of(cpu));
            }
        }
    }

    static Asking look(PerCpu const& cpu) {
        Asking asking;
        for (u32 word = 0; word < R::kWords; ++word) {
            u32 const asked = atomic::load_in_order(&of(32 * word).asked) &
                              atomic::load_in_order(&g_here[cpu.id][word]);
            u32 const raw = R::pending(word);
            u32 const not_now = blocked(word);
            if ((raw & not_now) != 0) {
                asking.was_blocked = true;
                follow(word, raw & not_now);
            }
            asking.set[word] = (raw | asked) & ~not_now;
            for (u32 rank = kUnmaskable; rank > asking.rank; --rank) {
                if (u32 const at = asking.set[word] & g_rank[rank][word]; at != 0) {
                    asking.rank = rank;
                    asking.best = 32 * word + static_cast<u32>(__builtin_ctz(at));
                }
            }
        }
        return asking;
    }

    // The line is this CPU's to run, unless it was disabled or moved since it was seen asking. What
    // it has asked is forgotten before its top half begins, and after it is masked.
    static bool claim(PerCpu const& cpu, u32 line) {
        u32 const word = line / 32;
        if ((atomic::fetch_or(&of(line).active, bit(line)) & bit(line)) != 0) {
            return false;  // another CPU's, which has it since
        }
        bool const here = (atomic::load_in_order(&g_here[cpu.id][word]) & bit(line)) != 0;
        if (!here || !is_enabled(line)) {
            deactivate(line);
            return false;
        }
        follow(word, bit(line));
        atomic::fetch_and(&of(line).asked, ~bit(line));
        R::clear(word, bit(line));
        return true;
    }

    // Masks all that asks, which the SPL `held` holds off.
    static void remember(PerCpu& cpu, Asking const& asking, u64 held) {
        bool any = false;
        for (u32 word = 0; word < R::kWords; ++word) {
            u32 const lines = asking.set[word];
            if (lines == 0) {
                continue;
            }
            any = true;
            atomic::fetch_or(&of(32 * word).remembered, lines);
            // moved since: whoever moved it has cleared this before, or we do now
            u32 const gone = lines & ~atomic::load_in_order(&g_here[cpu.id][word]);
            if (gone != 0) {
                atomic::fetch_and(&of(32 * word).remembered, ~gone);
            }
            follow(word, lines);
        }
        if (any) {
            note(cpu, held);
        }
    }

    // Whoever lowers the SPL below `held` has to look (intr/attend.cpp).
    static void note(PerCpu& cpu, u64 held) {
        cpu.mask = held;
        if (static_cast<u32>(held) != 0) {
            spl_mark(cpu, attention_byte(level_of(held)));
        }
    }

    // `all`: entry may have interrupted a replay that has forgotten lines and not yet unmasked
    // them.
    static void replay_above(u64 held, bool all) {
        u32 const lowest = rank_of(held) + 1;
        for (u32 i = lowest; i <= kUnmaskable; ++i) {
            u32 const rank = kBugReplayLowestFirst ? i : kUnmaskable + lowest - i;
            for (u32 word = 0; word < R::kWords; ++word) {
                u32& remembered = of(32 * word).remembered;
                u32 const lines = g_rank[rank][word] &
                                  atomic::load_in_order(&g_here[this_cpu().id][word]) &
                                  (all ? ~u32{0} : atomic::load_in_order(&remembered));
                if (lines != 0) {
                    atomic::fetch_and(&remembered, ~lines);
                    follow(word, kBugReplayForgets ? lines & -lines : lines);
                }
            }
        }
    }
};

}  // namespace pivot
