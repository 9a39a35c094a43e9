// Pool<T, N>: N blocks of static storage, each with room for a T, given out and taken back.
//
// Who: as each operation says. A top half frees by scheduling a continuation that frees.
// Lock order: none held while waiting; usable under any adaptive mutex, not under a spin mutex.
//
// A block is memory, not an object: nothing is constructed when it is given out or destroyed when
// it comes back, and what is in it is what its last user left. T is a type that needs neither;
// PoolBytes<n> is one for plain bytes. A freed block goes to the first waiter, if there is one, and
// is otherwise the next to be given out, while it is warm.
//
// Allocating and freeing take a few instructions however many blocks there are. The links of the
// free list lie beside the blocks, not in them, so writing behind a block's end does not break the
// list; and a link knows whether its block is out, so a checked build finds a block that is freed
// twice, and a pointer that the pool has not given out, at once.
#pragma once

#include <type_traits>

#include "kern/sched.hpp"

namespace pivot {

// What does not depend on the type.
class PoolBase {
  public:
    PoolBase(PoolBase const&) = delete;
    PoolBase& operator=(PoolBase const&) = delete;

    // How many blocks can be had, as of now.
    [[nodiscard]] u32 available() const { return atomic::load_relaxed(&available_); }
    // What a panic calls it.
    [[nodiscard]] const char* name() const { return name_; }

  protected:
    // Of a free block: the number of the next one + 1, or 0.
    using PoolLink = u16;
    static constexpr PoolLink kOut = 0xffff;

    constexpr PoolBase(const char* name, void* blocks, PoolLink* links, usize size, u32 number)
        : blocks_(blocks),
          links_(links),
          size_(size),
          number_(number),
          available_(number),
          name_(name) {}

    [[nodiscard]] void* allocate_block(MayBlock const& context, u64 deadline);
    [[nodiscard]] void* try_allocate_block();
    void free_block(void* block);

  private:
    // With the queue's lock held.
    [[nodiscard]] void* take();
    void check_is_out(const void* block) const;

    WaitQueue waiters_;  // its lock guards the rest
    void* blocks_;
    PoolLink* links_;
    usize const size_;
    u32 const number_;
    u32 available_;
    u32 fresh_ = 0;       // blocks from this number on have never been out and are in no list
    PoolLink first_ = 0;  // of the free list
    const char* name_;
};

// A block's memory; as aligned as any type needs.
template <usize Bytes>
struct alignas(16) PoolBytes {
    u8 bytes[Bytes];  // as their last user left them
};

// N blocks of type T, in an array of their own.
template <typename T, u32 N>
class Pool : public PoolBase {
  public:
    static_assert(std::is_trivially_default_constructible_v<T> &&
                      std::is_trivially_destructible_v<T>,
                  "a block is memory: nothing is constructed in it or destroyed");
    static_assert(N >= 1 && N < kOut, "a pool has between 1 and 65,534 blocks");
    static constexpr u32 kBlocks = N;  // how many there are

    // All blocks are free; the name is what a panic calls it.
    constexpr explicit Pool(const char* name) : PoolBase(name, blocks_, links_, sizeof(T), N) {}

    // Sleeps until there is one.
    [[nodiscard]] T* allocate(MayBlock const& context) {
        return static_cast<T*>(allocate_block(context, kForever));
    }
    // The same until `deadline` (counter ticks) at the latest. Null: none by then.
    [[nodiscard]] T* allocate_until(MayBlock const& context, u64 deadline) {
        return static_cast<T*>(allocate_block(context, deadline));
    }
    // Null if there is none.
    [[nodiscard]] T* try_allocate(MayWake const&) { return static_cast<T*>(try_allocate_block()); }

    // Gives back what was allocated here. It is not the caller's any more.
    void free(MayWake const&, T* block) { free_block(block); }

    template <Ipl L>
    T* allocate(TopHalf<L> const&) = delete;  // a top half never blocks
    template <Ipl L>
    T* allocate_until(TopHalf<L> const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    T* try_allocate(TopHalf<L> const&) = delete;  // the list is guarded against threads only
    template <Ipl L>
    void free(TopHalf<L> const&, T*) = delete;  // a top half schedules a continuation that frees

  private:
    PoolLink links_[N] = {};
    T blocks_[N] = {};
};

}  // namespace pivot
