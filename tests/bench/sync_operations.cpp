// Operations on what is built of wait queues: conditions, reader/writer locks, message queues,
// pools, event flags; at once, after a wait, and timed out.
#include "kern/condition.hpp"
#include "kern/event_flags.hpp"
#include "kern/message_queue.hpp"
#include "kern/pool.hpp"
#include "kern/read_write_lock.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_below_stack, 8192);
PIVOT_STACK(inject_above_stack, 8192);

namespace pivot::inject {
namespace {

constinit AdaptiveMutex g_mutex{"inject condition"};
constinit Condition g_condition{"inject"};
constinit ReadWriteLock g_lock{"inject"};
constinit MessageQueue<u64, 2> g_queue{"inject"};
constinit Pool<u64, 2> g_pool{"inject"};
constinit EventFlags g_flags{"inject"};

// -- what another thread does meanwhile

enum class Task : u8 {
    wait,
    signal,
    broadcast,
    hold_read,
    hold_write,
    send,
    receive,
    free,
    set,
};

struct Other {
    Semaphore go;
    volatile Task task;
};
constinit Other g_below{Semaphore{"below"}, Task::wait};
constinit Other g_above{Semaphore{"above"}, Task::wait};
constinit Semaphore g_let_go{"let go"};
constinit u64* g_block = nullptr;
constinit u64 g_received = 0;

void on_condition(MayBlock const& context, Task task) {
    AdaptiveGuard const guard(g_mutex, context);
    if (task == Task::wait) {
        g_condition.wait(context, g_mutex);
    } else if (task == Task::signal) {
        g_condition.signal(context);
    } else {
        g_condition.broadcast(context);
    }
}

void do_task(MayBlock const& context, Task task) {
    switch (task) {
        case Task::wait:
        case Task::signal:
        case Task::broadcast:
            return on_condition(context, task);
        case Task::hold_read:
            g_lock.lock_read(context);
            g_let_go.wait(context);
            return g_lock.unlock_read(context);
        case Task::hold_write:
            g_lock.lock_write(context);
            g_let_go.wait(context);
            return g_lock.unlock_write(context);
        case Task::send:
            return g_queue.send(context, 7);
        case Task::receive:
            return g_queue.receive(context, g_received);
        case Task::free:
            return g_pool.free(context, g_block);
        case Task::set:
            return g_flags.set(context, 3);
    }
}

void serve(MayBlock const& context, Other& other) {
    for (;;) {
        other.go.wait(context);
        do_task(context, other.task);
    }
}

void have(MayBlock const& context, Other& other, Task task) {
    other.task = task;
    other.go.post(context);
}

// -- conditions

void condition_signal(MayBlock const& context) {
    g_mutex.lock(context);
    have(context, g_below, Task::signal);
    g_condition.wait(context, g_mutex);
    g_mutex.unlock(context);
    settle(context);
}

// Two wait.
void condition_broadcast(MayBlock const& context) {
    have(context, g_above, Task::wait);
    g_mutex.lock(context);
    have(context, g_below, Task::broadcast);
    g_condition.wait(context, g_mutex);
    g_mutex.unlock(context);
    settle(context);
}

void condition_times_out(MayBlock const& context) {
    g_mutex.lock(context);
    require(!g_condition.wait_until(context, g_mutex, soon()), "nobody has signalled");
    g_mutex.unlock(context);
}

// -- reader/writer locks

void read_pair(MayBlock const& context) {
    g_lock.lock_read(context);
    g_lock.unlock_read(context);
}

void write_pair(MayBlock const& context) {
    g_lock.lock_write(context);
    g_lock.unlock_write(context);
}

void write_after_reader(MayBlock const& context) {
    have(context, g_below, Task::hold_read);
    settle(context);
    g_let_go.post(context);
    write_pair(context);
    settle(context);
}

// Two readers are let in at once: the other one outranks us and waits already.
void readers_after_writer(MayBlock const& context) {
    have(context, g_below, Task::hold_write);
    settle(context);
    have(context, g_above, Task::hold_read);
    g_let_go.post(context);
    g_lock.lock_read(context);
    g_let_go.post(context);
    g_lock.unlock_read(context);
    settle(context);
}

void read_times_out(MayBlock const& context) {
    have(context, g_below, Task::hold_write);
    settle(context);
    require(!g_lock.lock_read_until(context, soon()), "a writer holds the lock");
    g_let_go.post(context);
    settle(context);
}

// -- message queues

void message_pair(MayBlock const& context) {
    u64 message = 5;
    g_queue.send(context, message);
    g_queue.receive(context, message);
}

void message_to_waiter(MayBlock const& context) {
    have(context, g_below, Task::receive);
    settle(context);
    g_queue.send(context, 9);
    settle(context);
    require(g_received == 9, "a message was lost");
}

void message_after_wait(MayBlock const& context) {
    u64 message = 0;
    have(context, g_below, Task::send);
    g_queue.receive(context, message);
    settle(context);
}

void message_to_full(MayBlock const& context) {
    u64 message = 0;
    g_queue.send(context, 1);
    g_queue.send(context, 2);
    require(g_queue.try_send(context, 3) == MessageError::full, "there is room in a full queue");
    have(context, g_below, Task::receive);
    g_queue.send(context, 3);
    g_queue.receive(context, message);
    g_queue.receive(context, message);
    require(message == 3, "messages came in another order");
    settle(context);
}

void message_times_out(MayBlock const& context) {
    u64 message = 0;
    require(g_queue.receive_until(context, message, soon()) == MessageError::timed_out,
            "a message that nobody sent");
}

// -- pools

void pool_pair(MayBlock const& context) { g_pool.free(context, g_pool.allocate(context)); }

void pool_after_wait(MayBlock const& context) {
    g_block = g_pool.allocate(context);
    u64* const second = g_pool.allocate(context);
    require(g_pool.try_allocate(context) == nullptr, "a block too many");
    have(context, g_below, Task::free);
    u64* const third = g_pool.allocate(context);
    g_pool.free(context, second);
    g_pool.free(context, third);
    settle(context);
}

void pool_times_out(MayBlock const& context) {
    u64* const first = g_pool.allocate(context);
    u64* const second = g_pool.allocate(context);
    require(g_pool.allocate_until(context, soon()) == nullptr, "a block too many");
    g_pool.free(context, first);
    g_pool.free(context, second);
}

// -- event flags

void flags_pair(MayBlock const& context) {
    g_flags.set(context, 1);
    require(g_flags.wait_any(context, 1, Consume::yes) == 1, "a flag was lost");
}

void flags_after_wait(MayBlock const& context) {
    have(context, g_below, Task::set);
    require(g_flags.wait_all(context, 3, Consume::yes) == 3, "a flag was lost");
    settle(context);
}

void flags_time_out(MayBlock const& context) {
    require(g_flags.wait_any_until(context, 4, soon()) == 0, "a flag that nobody set");
}

constexpr Operation kList[] = {
    {.name = "condition_signal", .run = &condition_signal},
    {.name = "condition_broadcast", .run = &condition_broadcast},
    {.name = "condition_times_out", .run = &condition_times_out},
    {.name = "read_pair", .run = &read_pair, .in_pairs = true},
    {.name = "write_pair", .run = &write_pair, .in_pairs = true},
    {.name = "write_after_reader", .run = &write_after_reader},
    {.name = "readers_after_writer", .run = &readers_after_writer},
    {.name = "read_times_out", .run = &read_times_out},
    {.name = "message_pair", .run = &message_pair, .in_pairs = true},
    {.name = "message_to_waiter", .run = &message_to_waiter},
    {.name = "message_after_wait", .run = &message_after_wait},
    {.name = "message_to_full", .run = &message_to_full},
    {.name = "message_times_out", .run = &message_times_out},
    {.name = "pool_pair", .run = &pool_pair, .in_pairs = true},
    {.name = "pool_after_wait", .run = &pool_after_wait},
    {.name = "pool_times_out", .run = &pool_times_out},
    {.name = "flags_pair", .run = &flags_pair, .in_pairs = true},
    {.name = "flags_after_wait", .run = &flags_after_wait},
    {.name = "flags_time_out", .run = &flags_time_out},
};

constinit Thread g_below_thread{"below"};
constinit Thread g_above_thread{"above"};

}  // namespace

Operations sync_operations(MayBlock const& context) {
    require(g_below_thread.start<&serve>(inject_below_stack, kLow, g_below));
    require(g_above_thread.start<&serve>(inject_above_stack, kHigh, g_above));
    settle(context);
    return all_of(kList);
}

}  // namespace pivot::inject
