// ReadWriteLock: any number of readers, or one writer.
//
// Who: as each operation says; threads only, and its holder may sleep. Nothing here is for a top
// half, not even the try variants: the holder may be the thread that it interrupted.
// Lock order: among sleeping locks, the caller's; before every spin mutex.
//
// *Fair by priority.* Those who cannot enter wait in one queue, readers and writers together,
// highest priority first, FIFO within one. A newcomer enters at once only if the lock lets it *and*
// nobody waits who has its priority or a higher one. So a stream of readers cannot keep a writer of
// their priority out, nor a stream of writers a reader; and a thread of high priority does not wait
// for the turn of one of low priority, only for those who are in.
//
// *Handed over.* The release that frees the lock lets in whoever is first in the queue, and, if
// that is a reader, the readers directly behind it, before anyone else can have it. That is what
// makes the order above hold.
//
// *Nothing is inherited*, by readers or by a writer: a lock that many may hold has no owner to whom
// a waiter could lend its priority without a list of all of them. Where a thread of middle priority
// must not delay a waiter, an AdaptiveMutex is the lock to take.
//
// Who waits with a deadline and gives up may have been the one that kept others out (a writer in
// front of readers while readers are in): it lets them in before it returns. A change of a waiter's
// priority changes its place at once; what follows from that is seen at the next release.
//
// Not recursive: a reader that asks again may wait behind a writer that waits for this reader. The
// order checker (mutex/lock_order.hpp) sees readers and writers as takers of one lock.
#pragma once

#include "kern/sched.hpp"
#include "mutex/lock_order.hpp"

namespace pivot {

class ReadWriteLock {
  public:
    constexpr explicit ReadWriteLock(const char* name)
        : info_(name, LockKind::reader_writer, Ipl::none, 0) {}
    ReadWriteLock(ReadWriteLock const&) = delete;
    ReadWriteLock& operator=(ReadWriteLock const&) = delete;

    // Waits until it may read. Threads.
    void lock_read(MayBlock const& context) { (void)lock(context, Wish::read, kForever); }
    // Waits until it is the only one. Threads.
    void lock_write(MayBlock const& context) { (void)lock(context, Wish::write, kForever); }

    // Give up when the counter has reached `deadline`. True: it is held.
    [[nodiscard]] bool lock_read_until(MayBlock const& context, u64 deadline) {
        return lock(context, Wish::read, deadline);
    }
    [[nodiscard]] bool lock_write_until(MayBlock const& context, u64 deadline) {
        return lock(context, Wish::write, deadline);
    }

    // Only if that needs no waiting: for a reader, behind waiters of its priority, either.
    [[nodiscard]] bool try_lock_read(MayBlock const&) { return try_lock(Wish::read); }
    [[nodiscard]] bool try_lock_write(MayBlock const&) { return try_lock(Wish::write); }

    // Ends reading, however it began, and lets in whose turn it is. By the reader.
    void unlock_read(MayBlock const& context);
    // Ends writing, however it began, and lets in whose turn it is. By the writer.
    void unlock_write(MayBlock const& context);

    template <Ipl L>
    void lock_read(TopHalf<L> const&) = delete;  // a top half never blocks
    template <Ipl L>
    void lock_write(TopHalf<L> const&) = delete;  // a top half never blocks
    template <Ipl L>
    bool try_lock_read(TopHalf<L> const&) = delete;  // the writer would be the interrupted thread
    template <Ipl L>
    bool try_lock_write(TopHalf<L> const&) = delete;  // the holder would be the interrupted thread

    // What reports call it.
    [[nodiscard]] const char* name() const { return info_.name; }
    // As of now.
    [[nodiscard]] u32 readers() const { return atomic::load_relaxed(&readers_); }
    [[nodiscard]] Thread* writer() const { return atomic::load_relaxed(&writer_); }
    [[nodiscard]] bool has_waiters() const { return waiters_.has_waiters(); }

  private:
    enum class Wish : u8 { read, write };

    [[nodiscard]] bool lock(MayBlock const& context, Wish wish, u64 deadline);
    [[nodiscard]] bool try_lock(Wish wish);
    // With the queue's lock held.
    [[nodiscard]] bool enters(Wish wish, Thread const* first) const;
    void admit(Wish wish, Thread& thread);
    [[nodiscard]] Thread* admit_waiters(Thread*& first);
    void let_in_and_leave(Thread* first, Spl old);

    LockInfo info_;      // its place in the order checker's books; the word in it is not used
    WaitQueue waiters_;  // its lock guards what follows
    Thread* writer_ = nullptr;
    u32 readers_ = 0;
};

// Hold one for a scope.
class [[nodiscard]] ReadGuard {
  public:
    [[nodiscard("an unnamed guard ends at once")]] ReadGuard(ReadWriteLock& lock,
                                                             MayBlock const& context)
        : lock_(lock), context_(context) {
        lock_.lock_read(context_);
    }
    template <Ipl L>
    ReadGuard(ReadWriteLock&, TopHalf<L> const&) = delete;  // a top half never blocks
    ReadGuard(ReadGuard const&) = delete;
    ReadGuard& operator=(ReadGuard const&) = delete;
    ~ReadGuard() { lock_.unlock_read(context_); }

  private:
    ReadWriteLock& lock_;
    MayBlock const& context_;
};

// Holds the lock for writing while it lives.
class [[nodiscard]] WriteGuard {
  public:
    [[nodiscard("an unnamed guard ends at once")]] WriteGuard(ReadWriteLock& lock,
                                                              MayBlock const& context)
        : lock_(lock), context_(context) {
        lock_.lock_write(context_);
    }
    template <Ipl L>
    WriteGuard(ReadWriteLock&, TopHalf<L> const&) = delete;  // a top half never blocks
    WriteGuard(WriteGuard const&) = delete;
    WriteGuard& operator=(WriteGuard const&) = delete;
    ~WriteGuard() { lock_.unlock_write(context_); }

  private:
    ReadWriteLock& lock_;
    MayBlock const& context_;
};

}  // namespace pivot
