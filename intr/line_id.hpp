// Line numbers with their kind: an SGI is not a PPI is not an SPI.
//
// Who: both. Lock order: none. GIC IHI 0069, 2.2: INTIDs 0-15 SGI, 16-31 PPI, 32-1019 SPI.
//
// Constants are checked when they are compiled; numbers that come at run time go through LineId,
// and the line table refuses those of the wrong kind with an error.
#pragma once

#include "kern/base/config.hpp"

namespace pivot {

// Who sends it: software, this CPU's own device, any device; or no INTID that a line can have.
enum class LineKind : u8 { sgi, ppi, spi, none };

// Called only to fail: not constexpr, so a constant of the wrong kind does not compile.
void line_number_is_not_of_this_kind();

// Any INTID, of whatever kind.
class LineId {
  public:
    constexpr explicit LineId(u32 intid) : intid_(intid) {}
    // The number by which the controller knows it.
    [[nodiscard]] constexpr u32 intid() const { return intid_; }
    // Which of the GIC's ranges it is in.
    [[nodiscard]] constexpr LineKind kind() const {
        if (intid_ < 16) {
            return LineKind::sgi;
        }
        if (intid_ < 32) {
            return LineKind::ppi;
        }
        return intid_ < 1020 ? LineKind::spi : LineKind::none;
    }
    // Each CPU has its own: SGIs and PPIs.
    [[nodiscard]] constexpr bool is_banked() const { return intid_ < 32; }
    // Whether the INTID is the same.
    constexpr bool operator==(LineId const&) const = default;

  private:
    u32 intid_;
};

// An INTID known to be of one kind.
template <LineKind K>
class TypedLine : public LineId {
  public:
    // `intid` is the INTID as the controller counts it, not the index within the kind.
    consteval explicit TypedLine(u32 intid) : LineId(intid) {
        if (kind() != K) {
            line_number_is_not_of_this_kind();
        }
    }
};

// A software-generated interrupt: INTID 0 to 15.
using Sgi = TypedLine<LineKind::sgi>;
// A private peripheral interrupt, of one CPU: INTID 16 to 31.
using Ppi = TypedLine<LineKind::ppi>;
// A shared peripheral interrupt: INTID 32 to 1019.
using Spi = TypedLine<LineKind::spi>;

}  // namespace pivot
