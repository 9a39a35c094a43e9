#include "mutex/lock_class.hpp"

#include "kern/base/atomic.hpp"

namespace pivot {
namespace {

constinit LockClass g_classes[LockClass::kMost]{};
constinit LockInfo* g_first_lock = nullptr;
constinit u32 g_without_class = 0;

// A row's key: the name's address (48 bits; the others repeat bit 47), the kind and the level.
constexpr u32 kKindShift = 48;
constexpr u32 kLevelShift = 52;
constexpr u64 kInUse = u64{1} << 63;

u64 key_of(LockInfo const& lock) {
    u64 const name = reinterpret_cast<u64>(lock.name) & ((u64{1} << kKindShift) - 1);
    return kInUse | u64{static_cast<u8>(lock.level)} << kLevelShift |
           u64{static_cast<u8>(lock.kind)} << kKindShift | name;
}

bool is_same_text(const char* a, const char* b) {
    while (*a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return *a == *b;
}

const char* name_in(u64 key) {
    constexpr u32 kUnused = 64 - kKindShift;
    return reinterpret_cast<const char*>(static_cast<std::int64_t>(key << kUnused) >> kUnused);
}

// The same name may be at two addresses: a literal in two sources.
bool is_same_class(u64 a, u64 b) {
    return a == b || (a >> kKindShift == b >> kKindShift && is_same_text(name_in(a), name_in(b)));
}

void push(LockInfo& lock) {
    do {
        lock.next = atomic::load_relaxed(&g_first_lock);
    } while (!atomic::replace(&g_first_lock, lock.next, &lock));
}

}  // namespace

const char* LockClass::name() const { return name_in(key_); }
LockKind LockClass::kind() const { return static_cast<LockKind>(key_ >> kKindShift & 0xf); }
Ipl LockClass::level() const { return static_cast<Ipl>(key_ >> kLevelShift & 0xf); }
u32 LockClass::index() const { return static_cast<u32>(this - g_classes); }

LockClass* LockClass::find(LockInfo const& lock) {
    u64 const key = key_of(lock);
    for (LockClass& row : g_classes) {
        u64 found = atomic::load_relaxed(&row.key_);
        if (found == 0) {
            if (atomic::replace(&row.key_, u64{0}, key)) {
                return &row;
            }
            found = atomic::load_relaxed(&row.key_);  // somebody else has just claimed it
        }
        if (is_same_class(found, key)) {
            return &row;
        }
    }
    return nullptr;
}

void LockClass::enter(LockInfo& lock) {
    if (atomic::exchange(&lock.listed, u8{1}) != 0) {
        return;
    }
    if (LockClass* const found = find(lock); found != nullptr) {
        atomic::fetch_add(&found->locks_, 1u);
        atomic::store_release(&lock.of_class, found);
    } else {
        atomic::fetch_add(&g_without_class, 1u);
    }
    push(lock);
}

void LockClass::leave(LockInfo& lock) {
    LockInfo** place = &g_first_lock;
    while (*place != nullptr && *place != &lock) {
        place = &(*place)->next;
    }
    if (*place != nullptr) {
        *place = lock.next;
    }
    lock.listed = 0;
}

u32 LockClass::count() {
    u32 count = 0;
    while (count < kMost && atomic::load_relaxed(&g_classes[count].key_) != 0) {
        ++count;
    }
    return count;
}

LockClass& LockClass::at(u32 index) { return g_classes[index]; }
LockInfo* LockClass::first_lock() { return atomic::load_in_order(&g_first_lock); }
u32 LockClass::without_class() { return atomic::load_relaxed(&g_without_class); }

void LockClass::reset() {
    for (LockClass& row : g_classes) {
        row.key_ = 0;
        row.locks_ = 0;
        row.counts = LockCounts{};
    }
    g_first_lock = nullptr;
    g_without_class = 0;
}

}  // namespace pivot
