// An intrusive priority queue with a bound on every single operation: a leftist heap whose nodes
// know their parents.
//
// Who: both, under whatever guards the heap. Lock order: none.
//
// Each node's `rank` is the length of the shortest way down from it to where a child is missing,
// and the left child's is never the smaller. So the way down along right children is the shortest
// one, and a heap of n nodes has one of at most log2(n + 1). Merging two heaps walks down those two
// ways and back up; all else is merging:
//
//     insert   merges one node with the heap. A new first costs the same however many there are.
//     remove   merges the node's two children into its place, then mends ranks upwards until one is
//              what it was. On the way up a changed rank is one more than the changed one below it
//              (before the change, if it grows), so there are no more of them than a rank is high.
//
// No step allocates, recurses or depends on luck or on what was done before
// (docs/decisions/callouts.md compares). Source of the idea: Crane, "Linear Lists and Priority
// Queues as Balanced Binary Trees", 1972; Knuth, vol. 3, 5.2.3.
#pragma once

#include "kern/base/atomic.hpp"

namespace pivot {

class HeapNode {
  public:
    constexpr HeapNode() = default;
    HeapNode(HeapNode const&) = delete;
    HeapNode& operator=(HeapNode const&) = delete;

    [[nodiscard]] u64 key() const { return key_; }
    [[nodiscard]] u64 order() const { return order_; }
    // Read afresh each time: somebody may wait for it to change.
    [[nodiscard]] bool is_in_heap() const { return atomic::load_relaxed(&rank_) != 0; }

  private:
    friend class Heap;

    u64 key_ = 0;
    u64 order_ = 0;  // among equal keys: who came first
    HeapNode* parent_ = nullptr;
    HeapNode* left_ = nullptr;
    HeapNode* right_ = nullptr;
    u32 rank_ = 0;  // 0: in no heap
};

class Heap {
  public:
    constexpr Heap() = default;
    Heap(Heap const&) = delete;
    Heap& operator=(Heap const&) = delete;

    [[nodiscard]] HeapNode* first() const { return root_; }
    [[nodiscard]] u32 count() const { return count_; }

    // Behind all of the same key. The node is in no heap.
    void insert(HeapNode& node, u64 key);
    void remove(HeapNode& node);

    // The first one that comes after (key, order); null if none does. Looks at no more nodes than
    // twice as many as come before it, and one. For listings.
    [[nodiscard]] HeapNode const* next_after(u64 key, u64 order) const;

  private:
    static bool is_before(HeapNode const& a, HeapNode const& b) {
        return a.key_ < b.key_ || (a.key_ == b.key_ && a.order_ < b.order_);
    }
    static u32 rank_of(HeapNode const* node) { return node != nullptr ? node->rank_ : 0; }
    static bool mend(HeapNode& node);
    static HeapNode* merge(HeapNode* a, HeapNode* b);
    static HeapNode const* next_subtree(HeapNode const* node);

    HeapNode* root_ = nullptr;
    u64 next_order_ = 0;
    u32 count_ = 0;
};

}  // namespace pivot
