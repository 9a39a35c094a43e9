#include "tests/unit/support/chooser.hpp"

#include <array>

#include "kern/base/config.hpp"

namespace pivot {
namespace {

// splitmix64 (Steele, Lea, Flood, 2014): small, and any seed is as good as any other.
class Random {
  public:
    explicit Random(u64 seed) : state_(seed) {}
    u64 next() {
        u64 z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }
    u64 below(u64 bound) { return next() % bound; }
    // One of a set that is not empty.
    u32 of(u32 set) {
        for (u64 skip = below(static_cast<u64>(__builtin_popcount(set))); skip != 0; --skip) {
            set &= set - 1;
        }
        return static_cast<u32>(__builtin_ctz(set));
    }

  private:
    u64 state_;
};

// Devices ask once in so many points, on average; drawn for each schedule.
class Strikes {
  public:
    Strikes(Random& random, u64 length) : random_(random), mean_(2 + (length >> random.below(6))) {}
    bool now() { return random_.below(mean_) == 0; }

  private:
    Random& random_;
    u64 mean_;
};

class RandomWalk final : public sim::Chooser {
  public:
    RandomWalk(u64 seed, u64 length, bool coarse)
        : random_(seed),
          coarse_(coarse),
          strikes_(random_, length),
          mean_(2 + (length >> random_.below(6)) / 2),
          left_(random_.below(4) == 0 ? ~u64{0} : u64{2} << random_.below(6)) {}

    u32 next(u32 here, u32 others, bool far) override {
        if ((coarse_ && !far) || others == 0 || left_ == 0 || random_.below(mean_) != 0) {
            return here;
        }
        --left_;
        return random_.of(others);
    }
    u32 instead_of(u32, u32 others) override { return random_.of(others); }
    bool strikes() override { return strikes_.now(); }

  private:
    Random random_;
    bool coarse_;
    Strikes strikes_;
    u64 mean_;  // points between two switches
    u64 left_;  // switches that nobody waits for
};

class Priorities final : public sim::Chooser {
  public:
    Priorities(u64 seed, u64 length, bool coarse)
        : random_(seed), coarse_(coarse), strikes_(random_, length) {
        for (u32 i = 0; i < kMaxCpus; ++i) {
            u64 const j = random_.below(i + 1);
            rank_[i] = rank_[j];
            rank_[j] = static_cast<i64>(i);
        }
        // Some schedules put all their changes early.
        u64 const span = 16 + (length >> random_.below(4));
        for (u64& change : changes_) {
            change = random_.below(span);
        }
        used_ = 1 + random_.below(changes_.size());
    }

    u32 next(u32 here, u32 others, bool far) override {
        if (coarse_ && !far) {
            return here;
        }
        for (u64 i = 0; i < used_; ++i) {
            if (changes_[i] == point_) {
                lower(here);
            }
        }
        ++point_;
        return highest(others | 1u << here);
    }
    // Who waits has the lowest priority from now on: or two CPUs that spin for the third would go
    // on for ever.
    u32 instead_of(u32 here, u32 others) override {
        lower(here);
        return highest(others);
    }
    bool strikes() override { return strikes_.now(); }

  private:
    using i64 = long;

    void lower(u32 cpu) { rank_[cpu] = --lowest_; }
    u32 highest(u32 set) const {
        u32 best = static_cast<u32>(__builtin_ctz(set));
        for (u32 rest = set; rest != 0; rest &= rest - 1) {
            u32 const cpu = static_cast<u32>(__builtin_ctz(rest));
            best = rank_[cpu] > rank_[best] ? cpu : best;
        }
        return best;
    }

    Random random_;
    bool coarse_;
    Strikes strikes_;
    std::array<i64, kMaxCpus> rank_{};
    std::array<u64, 6> changes_{};
    u64 used_ = 0;
    u64 point_ = 0;
    i64 lowest_ = 0;
};

}  // namespace

std::unique_ptr<sim::Chooser> chooser_of(u64 seed, Length const& length) {
    bool const coarse = seed % 8 < 6;
    u64 const points = coarse ? length.far_points : length.points;
    if (seed % 2 == 0) {
        return std::make_unique<RandomWalk>(seed, points, coarse);
    }
    return std::make_unique<Priorities>(seed, points, coarse);
}

}  // namespace pivot
