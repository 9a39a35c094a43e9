// The order graph of lock classes: which has been held when which was taken, and where.
//
// Who: the checker (lock_order.hpp), from any context. Lock order: none. It only grows: a bit is
// set once, by an atomic OR, and whoever set it fills in where. Of two CPUs that close a cycle
// between them, the one whose OR comes second sees it.
#pragma once

#include "mutex/lock_class.hpp"

namespace pivot {

// `after` was taken while `before` was held.
struct LockEdge {
    LockClass const* before = nullptr;
    LockClass const* after = nullptr;
    LockTrace before_taken{};
    LockTrace after_wanted{};
    bool complete = false;
};

class LockGraph {
  public:
    static constexpr u32 kMostEdges = 256;

    struct Path {
        u32 length = 0;  // 0: there is none
        u8 index[LockClass::kMost] = {};
    };

    [[nodiscard]] static bool has(LockClass const& before, LockClass const& after);

    // False if it was there. Beyond kMostEdges an edge has no traces; those are counted.
    [[nodiscard]] static bool add(LockClass const& before, LockClass const& after,
                                  LockTrace const& before_taken, LockTrace const& after_wanted);

    // A shortest way along the edges, both ends included.
    [[nodiscard]] static Path find_path(LockClass const& from, LockClass const& to);

    // Where an edge was first seen; null if that is not known.
    [[nodiscard]] static LockEdge const* edge(u32 before, u32 after);
    [[nodiscard]] static u32 edges();
    [[nodiscard]] static LockEdge const& edge_at(u32 n);
    [[nodiscard]] static u32 edges_without_traces();

    static void reset();
};

}  // namespace pivot
