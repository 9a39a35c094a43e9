// MessageQueue<T, N>: up to N messages of one type, first in, first out.
//
// Who: as each operation says. A top half sends by scheduling a continuation that sends.
// Lock order: none held while waiting; usable under any adaptive mutex, not under a spin mutex.
//
// Messages are copied, under the queue's lock with preemption held off: they are small, and what is
// big is sent as a pointer. A message that finds a receiver waiting is copied straight to where
// that one wants it; one that finds the queue full waits with its sender, and is put in, by the
// receiver that makes room, before anyone who comes later. So messages arrive in the order in which
// the sends of one thread were made, and those of waiting senders in order of priority.
//
// One wait queue serves both sides: receivers wait only while there is no message, senders only
// while there is no room, and with N of at least 1 that is never both.
//
// A send that does not wait returns an error when the queue is full; the message is still the
// caller's, and nothing in the queue is lost or changed. Drop it, count it, or send it again: the
// queue cannot know.
#pragma once

#include <type_traits>

#include "kern/sched.hpp"

namespace pivot {

// Why a message was not sent or received.
enum class [[nodiscard]] MessageError : u8{
    none,
    full,       // try_send: nothing was sent
    empty,      // try_receive: nothing was received
    timed_out,  // nothing was sent, or received, by the deadline
};

// What does not depend on the type: messages are `size_` bytes each.
class MessageQueueBase {
  public:
    MessageQueueBase(MessageQueueBase const&) = delete;
    MessageQueueBase& operator=(MessageQueueBase const&) = delete;

    // How many messages are in it, as of now.
    [[nodiscard]] u32 count() const { return atomic::load_relaxed(&count_); }
    // What a panic calls it.
    [[nodiscard]] const char* name() const { return name_; }

  protected:
    constexpr MessageQueueBase(const char* name, u8* ring, u32 size, u32 room)
        : ring_(ring), size_(size), room_(room), name_(name) {}

    MessageError send_bytes(MayBlock const& context, const void* message, u64 deadline);
    MessageError try_send_bytes(const void* message);
    MessageError receive_bytes(MayBlock const& context, void* message, u64 deadline);
    MessageError try_receive_bytes(void* message);

  private:
    // With the queue's lock held; they unlock it and leave, unless they return false.
    [[nodiscard]] bool sends(Thread* first, const void* message, Spl old);
    [[nodiscard]] bool receives(Thread* first, void* message, Spl old);
    void put(const void* message);
    void take(void* message);

    WaitQueue waiters_;  // its lock guards the rest
    u8* ring_;
    u32 const size_;
    u32 const room_;
    u32 oldest_ = 0;  // where it lies in the ring
    u32 count_ = 0;
    const char* name_;
};

// A queue of up to N messages of type T, copied in and out.
template <typename T, u32 N>
class MessageQueue : public MessageQueueBase {
  public:
    static constexpr u32 kLargest = 128;  // of a message, bytes
    static_assert(std::is_trivially_copyable_v<T>, "a message is copied byte by byte");
    static_assert(sizeof(T) <= kLargest, "a big message is sent as a pointer to it");
    static_assert(N >= 1, "a message queue has room");
    static constexpr u32 kRoom = N;  // messages

    // Empty; the name is what a panic calls it.
    constexpr explicit MessageQueue(const char* name)
        : MessageQueueBase(name, bytes_, sizeof(T), N) {}

    // Sleeps while the queue is full.
    void send(MayBlock const& context, T const& message) {
        (void)send_bytes(context, &message, kForever);
    }
    // Returns `full` rather than to sleep.
    MessageError try_send(MayWake const&, T const& message) { return try_send_bytes(&message); }
    // Sleeps until `deadline` (counter ticks) at the latest: none or timed_out.
    MessageError send_until(MayBlock const& context, T const& message, u64 deadline) {
        return send_bytes(context, &message, deadline);
    }

    // Sleeps while the queue is empty.
    void receive(MayBlock const& context, T& message) {
        (void)receive_bytes(context, &message, kForever);
    }
    // Returns `empty` rather than to sleep, and leaves `message` as it is.
    MessageError try_receive(MayWake const&, T& message) { return try_receive_bytes(&message); }
    // Sleeps until `deadline` at the latest: none, or timed_out with `message` as it was.
    MessageError receive_until(MayBlock const& context, T& message, u64 deadline) {
        return receive_bytes(context, &message, deadline);
    }

    template <Ipl L>
    void send(TopHalf<L> const&, T const&) = delete;  // a top half never blocks
    template <Ipl L>
    void try_send(TopHalf<L> const&, T const&) = delete;  // schedule a continuation that sends
    template <Ipl L>
    void send_until(TopHalf<L> const&, T const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    void receive(TopHalf<L> const&, T&) = delete;  // a top half never blocks
    template <Ipl L>
    void try_receive(TopHalf<L> const&, T&) = delete;  // guarded against threads only
    template <Ipl L>
    void receive_until(TopHalf<L> const&, T&, u64) = delete;  // a top half never blocks

  private:
    u8 bytes_[N * sizeof(T)] = {};
};

}  // namespace pivot
