// The spin mutexes that were not chosen, for docs/decisions/spin-word.md: a ticket lock and a queue
// of nodes (MCS: Mellor-Crummey and Scott 1991). Each raises the SPL as SpinMutex does, waits as it
// does, and keeps no chain of what is held.
// Who: the image spin_words. Lock order: none.
#pragma once

#include "kern/base/atomic.hpp"
#include "spl/spl.hpp"

namespace pivot::bench {

class TicketLock {
  public:
    struct Node {
        Spl old{0};
    };

    void lock(Node& node) {
        node.old = splraise(Ipl::vm);
        u64 const word = atomic::fetch_add(&word_, kOneTicket);
        u32 const mine = static_cast<u32>(word >> 32);
        for (u64 seen = word; static_cast<u32>(seen) != mine;) {
            wait_for_change(&word_, seen);
            seen = atomic::load_acquire(&word_);
        }
    }
    void unlock(Node& node) {
        auto* const serving = reinterpret_cast<u32*>(&word_);  // low half, little endian
        atomic::store_release(serving, atomic::load_relaxed(serving) + 1);
        splx(node.old);
    }

  private:
    static constexpr u64 kOneTicket = u64{1} << 32;
    u64 word_ = 0;  // next << 32 | serving
};

class McsLock {
  public:
    struct alignas(64) Node {
        Node* next = nullptr;
        u64 waits = 0;
        Spl old{0};
    };

    void lock(Node& node) {
        node.old = splraise(Ipl::vm);
        node.next = nullptr;
        node.waits = 1;
        Node* const before = atomic::exchange(&last_, &node);
        if (before == nullptr) [[likely]] {
            return;
        }
        atomic::store_release(&before->next, &node);
        while (atomic::load_acquire(&node.waits) != 0) {
            wait_for_change(&node.waits, 1);
        }
    }
    void unlock(Node& node) {
        if (atomic::load_relaxed(&node.next) != nullptr ||
            !atomic::release_replace(&last_, &node, static_cast<Node*>(nullptr))) [[unlikely]] {
            pass_on(node);
        }
        splx(node.old);
    }

  private:
    static void pass_on(Node& node) {
        Node* next = atomic::load_acquire(&node.next);
        while (next == nullptr) {  // it has not said who it is yet
            wait_for_change(reinterpret_cast<u64*>(&node.next), 0);
            next = atomic::load_acquire(&node.next);
        }
        atomic::store_release(&next->waits, u64{0});
    }

    Node* last_ = nullptr;
};

}  // namespace pivot::bench
