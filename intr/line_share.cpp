#include "intr/line_share.hpp"

namespace pivot {
namespace {

// Whether any device of the line was the one.
bool ask_each(void* token, LineInfo const& info) {
    bool served = false;
    for (LineShare* share = atomic::load_acquire(&info.shares); share != nullptr;
         share = atomic::load_acquire(&share->next)) {
        if (share->ask(token, share->owner)) {
            ++share->served;
            served = true;
        }
    }
    return served;
}

}  // namespace

// A device may have left work behind, for which it holds the line.
u64 ShareList::ask_all(void* token, void* info) {
    auto const& line = *static_cast<LineInfo const*>(info);
    if (!ask_each(token, line)) {
        TopHalfEntry::count_spurious(token);
    } else if (line.is_edge) {
        for (u32 round = 1; round < kRounds && ask_each(token, line); ++round) {
        }
    }
    return static_cast<u64>(is_line_held(token) ? LineEnd::leave_active : LineEnd::deactivate);
}

void ShareList::add(LineInfo& info, LineShare& share) {
    LineShare** last = &info.shares;
    while (*last != nullptr) {
        last = &(*last)->next;
    }
    share.next = nullptr;
    atomic::store_release(last, &share);  // a top half that finds it finds it complete
}

// Its own link stays: a top half may stand on it.
bool ShareList::take_out(LineInfo& info, LineShare& share) {
    for (LineShare** link = &info.shares; *link != nullptr; link = &(*link)->next) {
        if (*link == &share) {
            atomic::store_release(link, share.next);
            return true;
        }
    }
    return false;
}

}  // namespace pivot
