#include "intr/threaded_line.hpp"

namespace pivot {

void ThreadedLine::begin(LineModel model, u32 intid, Serve handler, void* owner) {
    serve_ = handler;
    owner_ = owner;
    intid_ = intid;
    cpu_ = this_cpu().id;
    model_ = model;
    asked_for_ = false;
    ended_ = false;
}

// On the CPU that took the interrupt: a bottom half stays where it is, and the thread is bound.
void ThreadedLine::serve(MayBlock const& context, ThreadedLine& self) {
    PIVOT_ASSERT(this_cpu().id == self.cpu_, "a threaded line fired on another CPU");
    self.asked_for_ = false;
    self.serve_(context, self.owner_);
    let_go_of_line(context, self.intid_);
}

void ThreadedLine::serve_for_ever(MayBlock const& context, ThreadedLine& self) {
    for (;;) {
        self.asked_.wait(context);
        if (self.asked_for_) {
            serve(context, self);
        } else if (atomic::load_acquire(&self.ended_)) {
            return;
        }
    }
}

void ThreadedLine::end(MayBlock const& context) {
    switch (model_) {
        case LineModel::pivot:
            break;
        case LineModel::borrowed:
            serve_here_.drain(context);
            break;
        case LineModel::thread:
            wake_.drain(context);  // the thread has been told of the last interrupt
            atomic::store_release(&ended_, true);
            asked_.post(context);
            PIVOT_REQUIRE(thread_.join(context) == ThreadError::none,
                          "a line's thread waits for its own end", thread_.name());
            break;
    }
}

const char* text_of(LineModel model) {
    switch (model) {
        case LineModel::pivot:
            return "pivot";
        case LineModel::thread:
            return "interrupt thread";
        case LineModel::borrowed:
            return "borrowed stack";
    }
    return "?";
}

}  // namespace pivot
