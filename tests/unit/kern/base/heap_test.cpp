// The leftist heap: order, removal of any node, and a random walk beside a sorted set.
#include "kern/base/heap.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>
#include <vector>

namespace pivot {
namespace {

std::vector<u64> drained(Heap& heap) {
    std::vector<u64> keys;
    while (heap.first() != nullptr) {
        keys.push_back(heap.first()->key());
        heap.remove(*heap.first());
    }
    return keys;
}

TEST(Heap, GivesTheSmallestFirst) {
    Heap heap;
    std::array<HeapNode, 6> nodes;
    u64 const keys[] = {5, 2, 9, 2, 0, ~u64{0}};
    for (u32 i = 0; i < 6; ++i) {
        EXPECT_FALSE(nodes[i].is_in_heap());
        heap.insert(nodes[i], keys[i]);
        EXPECT_TRUE(nodes[i].is_in_heap());
    }
    EXPECT_EQ(heap.count(), 6u);
    EXPECT_EQ(drained(heap), (std::vector<u64>{0, 2, 2, 5, 9, ~u64{0}}));
    EXPECT_EQ(heap.count(), 0u);
    EXPECT_FALSE(nodes[3].is_in_heap());
}

TEST(Heap, EqualKeysComeInOrderOfInsertion) {
    Heap heap;
    std::array<HeapNode, 100> nodes;
    for (u32 i = 0; i < 100; ++i) {
        heap.insert(nodes[i * 37 % 100], 7);
    }
    for (u32 i = 0; i < 100; ++i) {
        EXPECT_EQ(heap.first(), &nodes[i * 37 % 100]);
        heap.remove(*heap.first());
    }
}

// Every node in turn taken out of the middle of heaps of every size and of several shapes.
TEST(Heap, AnyNodeCanBeTakenOut) {
    for (u32 size = 1; size <= 40; ++size) {
        for (u32 out = 0; out < size; ++out) {
            for (u32 const stride : {1u, 7u, 13u, 39u}) {
                Heap heap;
                std::array<HeapNode, 41> nodes;
                std::multiset<u64> left;
                for (u32 i = 0; i < size; ++i) {
                    heap.insert(nodes[i], i * stride % 41);
                    left.insert(i * stride % 41);
                }
                left.erase(left.find(nodes[out].key()));
                heap.remove(nodes[out]);
                EXPECT_EQ(drained(heap), std::vector<u64>(left.begin(), left.end()));
            }
        }
    }
}

using Sorted = std::set<std::pair<std::pair<u64, u64>, u32>>;  // ((key, age), node)

// All that a listing sees is what the set holds, in its order.
void expect_listing(Heap const& heap, std::array<HeapNode, 64> const& nodes, Sorted const& sorted) {
    EXPECT_EQ(heap.count(), sorted.size());
    EXPECT_EQ(heap.first(), sorted.empty() ? nullptr : &nodes[sorted.begin()->second]);
    auto next = sorted.begin();
    HeapNode const* node = heap.first();
    for (; node != nullptr; node = heap.next_after(node->key(), node->order()), ++next) {
        ASSERT_NE(next, sorted.end());
        ASSERT_EQ(node, &nodes[next->second]);
    }
    EXPECT_EQ(next, sorted.end());
}

TEST(HeapProperty, LikeASortedSet) {
    for (u64 seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        Heap heap;
        std::array<HeapNode, 64> nodes;
        std::array<std::pair<u64, u64>, 64> keys;
        Sorted sorted;
        u64 const range = u64{1} << random() % 8;  // few different keys, or many
        for (u64 step = 0; step < 300; ++step) {
            u32 const i = static_cast<u32>(random() % nodes.size());
            if (nodes[i].is_in_heap()) {
                heap.remove(nodes[i]);
                sorted.erase({keys[i], i});
            } else {
                keys[i] = {random() % range, step};
                heap.insert(nodes[i], keys[i].first);
                sorted.insert({keys[i], i});
            }
            expect_listing(heap, nodes, sorted);
        }
        if (::testing::Test::HasFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace pivot
