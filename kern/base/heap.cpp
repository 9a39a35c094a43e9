#include "kern/base/heap.hpp"

namespace pivot {

// Puts the children of a node the right way round. True if its rank is another now.
bool Heap::mend(HeapNode& node) {
    if (rank_of(node.left_) < rank_of(node.right_)) {
        HeapNode* const left = node.left_;
        node.left_ = node.right_;
        node.right_ = left;
    }
    u32 const before = node.rank_;
    node.rank_ = rank_of(node.right_) + 1;
    return node.rank_ != before;
}

// One heap of two; its root has no parent.
HeapNode* Heap::merge(HeapNode* a, HeapNode* b) {
    HeapNode* root = nullptr;
    HeapNode** place = &root;
    HeapNode* above = nullptr;
    while (a != nullptr && b != nullptr) {
        if (is_before(*b, *a)) {
            HeapNode* const later = a;
            a = b;
            b = later;
        }
        *place = a;
        a->parent_ = above;
        above = a;
        place = &a->right_;
        a = a->right_;
    }
    HeapNode* const rest = a != nullptr ? a : b;
    *place = rest;
    if (rest != nullptr) {
        rest->parent_ = above;
    }
    for (; above != nullptr; above = above->parent_) {
        (void)mend(*above);
    }
    return root;
}

void Heap::insert(HeapNode& node, u64 key) {
    node.key_ = key;
    node.order_ = next_order_++;  // 64 bits do not wrap
    node.left_ = nullptr;
    node.right_ = nullptr;
    atomic::store_relaxed(&node.rank_, 1u);
    root_ = merge(root_, &node);
    ++count_;
}

void Heap::remove(HeapNode& node) {
    HeapNode* const rest = merge(node.left_, node.right_);
    HeapNode* above = node.parent_;
    if (rest != nullptr) {
        rest->parent_ = above;
    }
    if (above == nullptr) {
        root_ = rest;
    } else if (above->left_ == &node) {
        above->left_ = rest;
    } else {
        above->right_ = rest;
    }
    while (above != nullptr && mend(*above)) {
        above = above->parent_;
    }
    atomic::store_relaxed(&node.rank_, 0u);
    --count_;
}

// The node behind all those below `node`, parents before their children.
HeapNode const* Heap::next_subtree(HeapNode const* node) {
    for (HeapNode const* above = node->parent_; above != nullptr; above = node->parent_) {
        if (above->left_ == node && above->right_ != nullptr) {
            return above->right_;
        }
        node = above;
    }
    return nullptr;
}

HeapNode const* Heap::next_after(u64 key, u64 order) const {
    HeapNode const* next = nullptr;
    HeapNode const* node = root_;
    while (node != nullptr) {
        bool const is_after = node->key_ > key || (node->key_ == key && node->order_ > order);
        if (is_after && (next == nullptr || is_before(*node, *next))) {
            next = node;
        }
        // whatever is below a node comes after it
        node = !is_after && node->left_ != nullptr ? node->left_ : next_subtree(node);
    }
    return next;
}

}  // namespace pivot
