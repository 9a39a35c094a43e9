// Shared lines: who is asked, in which order, how often; and who may not join.
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr LineId kLine = Board::kSpareLines[0];

// Leaves its name whenever it is asked, and takes one request of those that it was given.
struct Device {
    char name;
    LineShare share{};
    u32 asks = 0;             // requests of its own
    Device* wakes = nullptr;  // which asks while this one is being served
    u32 times = 0;

    template <Ipl L>
    static Served top_half(TopHalf<L> const&, Device& self) {
        trace.add(self.name);
        ++self.times;
        if (self.asks == 0) {
            return Served::no;
        }
        --self.asks;
        if (self.wakes != nullptr) {
            self.wakes->asks = 1;
            self.wakes = nullptr;
        }
        return Served::yes;
    }
};
constinit Device a{'a'};
constinit Device b{'b'};
constinit Device c{'c'};

template <Ipl L = Ipl::vm>
[[nodiscard]] LineError join(Device& device) {
    return BoardSharedLines::join<&Device::top_half<L>>(kLine, "sharer", device.share, device);
}

void leave(MayBlock const& context, Device& device) {
    CHECK(BoardSharedLines::leave(context, kLine, device.share) == LineError::none);
}

void pend() {
    CHECK(BoardLines::pend(kLine) == LineError::none);
    port::dsb_sy();
    port::isb();
}

void each_is_asked_in_the_order_of_joining(MayBlock const& context) {
    CHECK(join(a) == LineError::none);
    CHECK(join(b) == LineError::none);
    CHECK(join(c) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
    b.asks = 1;
    pend();
    CHECK_TRACE("abc");
    CHECK_EQUAL(b.share.served, 1);
    CHECK_EQUAL(line_info(kLine.intid()).spurious, 0);
    pend();
    CHECK_TRACE("abc");
    CHECK_EQUAL(line_info(kLine.intid()).spurious, 1);  // nobody's
    leave(context, b);
    pend();
    CHECK_TRACE("ac");
    CHECK(join(b) == LineError::none);  // and comes back, as the youngest
    pend();
    CHECK_TRACE("acb");
}

// An edge that comes while another device is being served is none at the controller.
void an_edge_is_not_lost_behind_another(MayBlock const& context) {
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    b.asks = 1;
    b.wakes = &a;  // which has been asked already
    pend();
    CHECK_TRACE("acbacbacb");
    CHECK_EQUAL(a.asks, 0);
    a.asks = ~u32{0};  // a device that always says yes does not keep the CPU
    pend();
    CHECK_EQUAL(trace.length(), 3 * ShareList::kRounds);
    trace.clear();
    a.asks = 0;
    CHECK(BoardLines::set_trigger(kLine, Trigger::level) == LineError::none);
    b.asks = 2;
    pend();
    CHECK_TRACE("acb");  // it keeps a level asserted: it would fire again
    b.asks = 0;
    leave(context, a);
}

// One device leaves work behind, for which it holds the line: all of them are held off till then.
struct Holder {
    LineShare share{};
    bool serves = true;

    static Served top_half(TopHalf<Ipl::vm> const& context, Holder& self) {
        trace.add('h');
        if (self.serves) {
            hold_line(context);
        }
        return self.serves ? Served::yes : Served::no;
    }
};

void a_device_holds_the_line(MayBlock const& context) {
    static constinit Holder holder{};
    CHECK(BoardSharedLines::join<&Holder::top_half>(kLine, "holder", holder.share, holder) ==
          LineError::none);
    pend();
    CHECK_TRACE("cbh");
    CHECK(Gic::is_active(kLine.intid()));
    holder.serves = false;
    pend();
    CHECK_TRACE("");  // asked again, and held off
    let_go_of_line(context, kLine.intid());
    port::isb();
    CHECK_TRACE("cbh");
    CHECK(!Gic::is_active(kLine.intid()));
    CHECK(BoardSharedLines::leave(context, kLine, holder.share) == LineError::none);
}

void others_are_refused(MayBlock const& context) {
    CHECK(join<Ipl::high>(a) == LineError::other_level);
    CHECK(BoardLines::request<&Device::top_half<Ipl::vm>>(kLine, "alone", a) == LineError::taken);
    CHECK(BoardLines::disable(kLine) == LineError::shared);
    CHECK(BoardLines::release(context, kLine) == LineError::shared);
    CHECK(BoardLines::release(kLine) == LineError::shared);
    CHECK(BoardSharedLines::leave(context, kLine, a.share) == LineError::not_requested);
    CHECK(Gic::is_enabled(kLine.intid()));
    leave(context, c);
    pend();
    CHECK_TRACE("b");
    leave(context, b);
    CHECK(!Gic::is_enabled(kLine.intid()));
    CHECK(BoardSharedLines::leave(context, kLine, b.share) == LineError::not_requested);
    CHECK(BoardLines::request<&Device::top_half<Ipl::vm>>(kLine, "alone", a) == LineError::none);
    CHECK(join(b) == LineError::taken);
    CHECK(BoardLines::release(context, kLine) == LineError::none);
}

}  // namespace

void image_main(MayBlock const& context) {
    each_is_asked_in_the_order_of_joining(context);
    an_edge_is_not_lost_behind_another(context);
    a_device_holds_the_line(context);
    others_are_refused(context);
    check_calm();
    passed("shared_lines");
}

}  // namespace pivot
