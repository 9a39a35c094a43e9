#include "mutex/lock_graph.hpp"

#include "kern/base/atomic.hpp"

namespace pivot {
namespace {

constexpr u32 kWords = LockClass::kMost / 64;

using Row = u64[kWords];
constinit Row g_after[LockClass::kMost]{};  // by `before`
constinit LockEdge g_edges[LockGraph::kMostEdges]{};
constinit u32 g_added = 0;

bool is_set(Row const& row, u32 bit) {
    return (atomic::load_relaxed(&row[bit / 64]) >> (bit % 64) & 1) != 0;
}

struct Search {
    Row seen{};
    u8 from[LockClass::kMost];
    u8 queue[LockClass::kMost];
    u32 queued = 0;

    void reach(u32 node, u32 by) {
        seen[node / 64] |= u64{1} << (node % 64);
        from[node] = static_cast<u8>(by);
        queue[queued++] = static_cast<u8>(node);
    }

    void reach_all_after(u32 node) {
        for (u32 w = 0; w < kWords; ++w) {
            for (u64 fresh = atomic::load_relaxed(&g_after[node][w]) & ~seen[w]; fresh != 0;
                 fresh &= fresh - 1) {
                reach(64 * w + static_cast<u32>(__builtin_ctzll(fresh)), node);
            }
        }
    }
};

}  // namespace

bool LockGraph::has(LockClass const& before, LockClass const& after) {
    return is_set(g_after[before.index()], after.index());
}

bool LockGraph::add(LockClass const& before, LockClass const& after, LockTrace const& before_taken,
                    LockTrace const& after_wanted) {
    u32 const bit = after.index();
    u64 const mask = u64{1} << (bit % 64);
    if ((atomic::fetch_or(&g_after[before.index()][bit / 64], mask) & mask) != 0) {
        return false;
    }
    u32 const n = atomic::fetch_add(&g_added, 1u);
    if (n < kMostEdges) {
        LockEdge& edge = g_edges[n];
        edge.before = &before;
        edge.after = &after;
        edge.before_taken = before_taken;
        edge.after_wanted = after_wanted;
        atomic::store_release(&edge.complete, true);
    }
    return true;
}

LockGraph::Path LockGraph::find_path(LockClass const& from, LockClass const& to) {
    Search search;
    search.reach(from.index(), from.index());
    for (u32 i = 0; i < search.queued && !is_set(search.seen, to.index()); ++i) {
        search.reach_all_after(search.queue[i]);
    }
    Path path;
    if (!is_set(search.seen, to.index())) {
        return path;
    }
    for (u32 node = to.index(); node != from.index(); node = search.from[node]) {
        ++path.length;
    }
    ++path.length;
    u32 node = to.index();
    for (u32 place = path.length; place-- != 0; node = search.from[node]) {
        path.index[place] = static_cast<u8>(node);
    }
    return path;
}

u32 LockGraph::edges() {
    u32 const added = atomic::load_relaxed(&g_added);
    return added < kMostEdges ? added : kMostEdges;
}

u32 LockGraph::edges_without_traces() { return atomic::load_relaxed(&g_added) - edges(); }

LockEdge const& LockGraph::edge_at(u32 n) { return g_edges[n]; }

LockEdge const* LockGraph::edge(u32 before, u32 after) {
    for (u32 n = 0; n < edges(); ++n) {
        LockEdge const& edge = g_edges[n];
        if (atomic::load_acquire(&edge.complete) && edge.before->index() == before &&
            edge.after->index() == after) {
            return &edge;
        }
    }
    return nullptr;
}

void LockGraph::reset() {
    for (u32 n = 0; n < edges(); ++n) {
        g_edges[n] = LockEdge{};
    }
    for (Row& row : g_after) {
        for (u64& word : row) {
            word = 0;
        }
    }
    g_added = 0;
}

}  // namespace pivot
