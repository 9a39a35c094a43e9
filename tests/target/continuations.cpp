// Continuations: in which order they run, how often, and at which moment.
#include "kern/main.hpp"
#include "tests/target/works.hpp"

namespace pivot {
namespace {

using namespace test;

void first_come_first_served_within_a_level(MayBlock const&) {
    v.does = [](Here const& here) {
        CHECK(here.schedule(net_work_3));
        CHECK(here.schedule(net_work));
        CHECK(here.schedule(net_work_2));
    };
    v.pend();
    CHECK_TRACE("v.3.n.2.");
}

void higher_levels_first(MayBlock const&) {
    v.does = [](Here const& here) {
        CHECK(here.schedule(clock_work));
        CHECK(here.schedule(net_work));
        CHECK(here.schedule(bio_work));
        CHECK(here.schedule(serial_work));
    };
    v.pend();
    CHECK_TRACE("v.r.n.b.c.");
}

void a_nested_top_half_queues_behind(MayBlock const&) {
    v.does = [](Here const& here) {
        CHECK(here.schedule(net_work));
        h.does = [](Here const& nested) { CHECK(nested.schedule(net_work_2)); };
        h.pend();
        CHECK(here.schedule(net_work_3));
    };
    v.pend();
    CHECK_TRACE("vh..n.2.3.");  // and none of them before the outermost top half has returned
}

void queued_once_however_often_it_is_scheduled(MayBlock const&) {
    v.does = [](Here const& here) {
        CHECK(here.schedule(net_work));
        CHECK(net_work.is_queued());
        CHECK(!here.schedule(net_work));
        CHECK(here.schedule(net_work_2));
        CHECK(!here.schedule(net_work));
    };
    v.pend();
    CHECK_TRACE("v.n.2.");
    CHECK(!net_work.is_queued());
}

void scheduled_while_it_runs_is_one_more_run(MayBlock const& context) {
    g_net.does = [](MayBlock const& inside) {
        CHECK(net_work.schedule(inside));
        CHECK(!net_work.schedule(inside));
    };
    CHECK(net_work.schedule(context));
    CHECK_TRACE("n.n.");
    g_net.does = [](MayBlock const&) {
        v.does = [](Here const& here) {
            CHECK(here.schedule(net_work_2));
            CHECK(here.schedule(net_work));
            CHECK(!here.schedule(net_work));
        };
        v.pend();
    };
    CHECK(net_work.schedule(context));
    CHECK_TRACE("nv..2.n.");
}

void from_a_thread_it_runs_at_once_unless_the_spl_holds_it_off(MayBlock const& context) {
    CHECK(net_work.schedule(context));
    CHECK_TRACE("n.");
    Spl const old = splraise(Ipl::softnet);
    CHECK(net_work.schedule(context));
    CHECK(bio_work.schedule(context));
    CHECK_TRACE("");
    CHECK(serial_work.schedule(context));
    CHECK_TRACE("r.");
    splx(old);
    CHECK_TRACE("n.b.");
}

void from_a_bottom_half_upwards_and_downwards(MayBlock const& context) {
    g_bio.does = [](MayBlock const& inside) {
        CHECK(clock_work.schedule(inside));   // lower: once we are done
        CHECK(serial_work.schedule(inside));  // higher: before this returns
        CHECK(net_work.schedule(inside));
    };
    CHECK(bio_work.schedule(context));
    CHECK_TRACE("br.n..c.");
}

void an_interrupt_of_a_bottom_half(MayBlock const& context) {
    g_net.does = [](MayBlock const&) {
        v.does = [](Here const& here) {
            CHECK(here.schedule(clock_work));
            CHECK(here.schedule(net_work_2));
            CHECK(here.schedule(serial_work));
        };
        v.pend();
    };
    CHECK(net_work.schedule(context));
    CHECK_TRACE("nv.r..2.c.");
}

void an_interrupt_of_a_raised_thread(MayBlock const&) {
    Spl const old = splraise(Ipl::softbio);
    v.does = [](Here const& here) {
        CHECK(here.schedule(clock_work));
        CHECK(here.schedule(bio_work));
        CHECK(here.schedule(net_work));
    };
    v.pend();
    CHECK_TRACE("v.n.");
    CHECK_EQUAL(spl_current().held, held_at(Ipl::softbio));
    splx(old);
    CHECK_TRACE("b.c.");
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    void (*const all[])(MayBlock const&) = {
        &first_come_first_served_within_a_level,
        &higher_levels_first,
        &a_nested_top_half_queues_behind,
        &queued_once_however_often_it_is_scheduled,
        &scheduled_while_it_runs_is_one_more_run,
        &from_a_thread_it_runs_at_once_unless_the_spl_holds_it_off,
        &from_a_bottom_half_upwards_and_downwards,
        &an_interrupt_of_a_bottom_half,
        &an_interrupt_of_a_raised_thread,
    };
    for (auto const test : all) {
        test(context);
        check_calm();
    }
    passed("continuations");
}

}  // namespace pivot
