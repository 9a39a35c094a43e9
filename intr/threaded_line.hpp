// Threaded lines: the rival models, in which a line's handler is a thread's code and may block.
//
// Who: request, release: threads. Lock order: none of its own; a handler holds nothing when it is
// called.
//
// A driver for all models is written twice where they differ, and only there: a top half `Top`,
// which moves bytes and schedules a continuation, and a handler `Serve` that does all of it under
// an adaptive mutex. Which of the two the line calls is one argument of the request:
//
//     pivot      Top, on the interrupt stack. `Serve` is not used.
//     thread     The top half only has a thread woken, of the highest ordinary priority. It calls
//                Serve. (Linux with threaded interrupts, and most systems with interrupt threads.)
//     borrowed   Serve is called at once, in the bottom half that is entered from the interrupt's
//                exit: a stack switch, no scheduler. If it blocks, it blocks in place: the thread
//                that was interrupted goes on, and the mutex's owner inherits the bottom half's
//                priority. (FreeBSD's and Solaris' idea of an interrupt that becomes a thread when
//                it has to.)
//
// Under the last two the line stays active, at the controller, from the moment it fires until Serve
// has returned (intr/line_hold.hpp). So Serve is never called twice at a time, the device need not
// be quiet before, and no register of the distributor is written for it: a line that is masked and
// unmasked each time costs two device accesses more.
//
// The thread belongs to the CPU that requested the line, and so does the line: of a banked line it
// is that CPU's alone.
#pragma once

#include "intr/continuation.hpp"
#include "intr/line.hpp"
#include "kern/base/stack.hpp"
#include "kern/semaphore.hpp"

namespace pivot {

// How a line is served: this kernel's way, or as one of two rivals would.
enum class LineModel : u8 { pivot, thread, borrowed };

// The model's name, as the tables have it.
[[nodiscard]] const char* text_of(LineModel model);

// What a line needs for the models that are not pivot's. One a line; it outlives the request.
class ThreadedLine {
  public:
    // `name` is the thread's, too. `level`: whose bottom half lends its stack, or wakes the thread.
    constexpr explicit ThreadedLine(const char* name, Ipl level = Ipl::softserial)
        : asked_(name), thread_(name), wake_(level, *this), serve_here_(level, *this) {}
    ThreadedLine(ThreadedLine const&) = delete;
    ThreadedLine& operator=(ThreadedLine const&) = delete;

    // The line's name, and its thread's if it has one.
    [[nodiscard]] const char* name() const { return thread_.name(); }
    // The model that it was requested under last; pivot before that.
    [[nodiscard]] LineModel model() const { return model_; }

  private:
    template <Controller C>
    friend struct LineModels;

    using Serve = void (*)(MayBlock const& context, void* owner);

    // A member that is initialised by Continuation::to is no constant for GCC 12.
    template <void (*Fn)(MayBlock const&, ThreadedLine&)>
    struct Part : Continuation {
        constexpr Part(Ipl level, ThreadedLine& line)
            : Continuation(level, function_of<Fn, ThreadedLine>(), &line) {}
    };

    static void wake(MayBlock const& context, ThreadedLine& self) { self.asked_.post(context); }
    static void serve(MayBlock const& context, ThreadedLine& self);
    static void serve_for_ever(MayBlock const& context, ThreadedLine& self);

    void begin(LineModel model, u32 intid, Serve handler, void* owner);
    // The line is disabled and its top half over: waits for the handler, which is called once more
    // if it has not begun.
    void end(MayBlock const& context);

    Serve serve_ = nullptr;
    void* owner_ = nullptr;
    u32 intid_ = 0;
    u32 cpu_ = 0;
    LineModel model_ = LineModel::pivot;
    bool asked_for_ = false;  // from the interrupt until the handler is called
    bool ended_ = false;
    Semaphore asked_;
    Thread thread_;
    Part<&ThreadedLine::wake> wake_;
    Part<&ThreadedLine::serve> serve_here_;
};

// Requests and releases lines under a model.
template <Controller C>
struct LineModels {
    // Requests a line, disabled yet, under a model. The level is the one that Top's token names.
    template <auto Top, auto Serve, typename T, usize Bytes>
    static LineError request(MayBlock const&, LineModel model, LineId line, ThreadedLine& threaded,
                             StackMemory<Bytes>& stack, T& owner) {
        if (model == LineModel::pivot) {
            threaded.model_ = model;
            return Lines<C>::template request<Top>(line, threaded.name(), owner);
        }
        NoPreemption const hold;  // line and thread belong to the same CPU
        LineError const error = request_stub(model, line, threaded, Top);
        if (error == LineError::none) {
            threaded.begin(model, line.intid(), &call<Serve, T>, &owner);
            if (model == LineModel::thread) {
                ThreadError const started =
                    threaded.thread_.template start<&ThreadedLine::serve_for_ever>(
                        stack, kThreadPriorities - 1, threaded);
                PIVOT_REQUIRE(started == ThreadError::none, "a line's thread runs already",
                              threaded.name());
            }
        }
        return error;
    }

    // Disables the line, waits until neither top half nor handler runs, and forgets both. Not from
    // the handler, nor from a continuation of the threaded line's level.
    static LineError release(MayBlock const& context, LineId line, ThreadedLine& threaded) {
        LineError const error = Lines<C>::quiesce(context, line);
        if (error != LineError::none) {
            return error;
        }
        threaded.end(context);
        return Lines<C>::release(context, line);
    }

  private:
    template <auto Serve, typename T>
    static void call(MayBlock const& context, void* owner) {
        Serve(context, *static_cast<T*>(owner));
    }

    template <Ipl L, typename R, typename T>
    static LineError request_stub(LineModel model, LineId line, ThreadedLine& threaded,
                                  R (*)(TopHalf<L> const&, T&)) {
        return model == LineModel::thread
                   ? Lines<C>::template request<&arrive<L, &ThreadedLine::wake_>>(
                         line, threaded.name(), threaded)
                   : Lines<C>::template request<&arrive<L, &ThreadedLine::serve_here_>>(
                         line, threaded.name(), threaded);
    }

    // The top half of such a line.
    template <Ipl L, auto Next>
    static LineEnd arrive(TopHalf<L> const& context, ThreadedLine& threaded) {
        threaded.asked_for_ = true;
        hold_line(context);
        (threaded.*Next).schedule(context);
        return LineEnd::leave_active;
    }
};

}  // namespace pivot
