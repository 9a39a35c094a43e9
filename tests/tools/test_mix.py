"""The instruction mix, from logs, symbols and disassembly written for the test."""

import unittest
from collections import Counter

import helper  # noqa: F401  (sets the import path)
import mix
import names

NM = """\
ffffff8000000080 t vector_irq_thread
ffffff8000000088 t mark_end.irq_to_handler
ffffff8000000100 t mark_begin.pair.7
ffffff800000010c T mark_end.pair.12
ffffff8000000110 t mark_end.pair.13
ffffff8000000200 t mark_begin.gap
ffffff8000000200 t mark_end.gap
ffffff8000000084 t dev_access.3
                 U undefined
"""

DISASSEMBLY = """\
bench.elf:     file format elf64-littleaarch64

Disassembly of section .text:

ffffff8000000100 <lock_pair>:
ffffff8000000100:\td53be040 \tmrs\tx0, cntvct_el0

ffffff8000000104 <mark_begin.other>:
ffffff8000000104:\tc85ffc01 \tldaxr\tx1, [x0]
ffffff8000000108:\t54000040 \tb.eq\tffffff8000000110 <lock_pair+0x10>  // b.none
"""

UPPER = 0xffffff8000000000


def log(*addresses):
    """QEMU's lines for these offsets; a text is a line of its own."""
    return [a.encode() if isinstance(a, str) else
            f"Trace 0: 0x7f7ac4000100 [0000000000004000/{UPPER + a:016x}/00000121/ff020201] f\n"
            .encode() for a in addresses]


def sampled(wanted, *offsets):
    sampler = mix.Sampler(mix.read_marks(NM), wanted)
    for offset in offsets:
        sampler.feed(UPPER + offset)
    return sampler


def offsets(sample):
    return [address - UPPER for address in sample]


class LogTest(unittest.TestCase):
    def executed(self, *addresses):
        devices = set()
        return offsets(mix.executed(log(*addresses), devices)), offsets(devices)

    def test_addresses_in_order(self):
        self.assertEqual(self.executed(0, 4, "irrelevant\n", 8), ([0, 4, 8], []))
        self.assertEqual(self.executed(), ([], []))

    def test_what_was_stopped_before_it_ran_is_taken_back(self):
        stopped = "Stopped execution of TB chain before 0x7f7ac4 [ffffff8000000004] f\n"
        self.assertEqual(self.executed(0, 4, stopped, 0x80, 4), ([0, 0x80, 4], []))

    def test_a_device_access_is_started_again_and_noted(self):
        rewound = "cpu_io_recompile: rewound execution of TB to ffffff8000000004\n"
        device = "memory_region_ops_read cpu 0 mr 0x561d addr 0x8000018 value 0x90 size 4\n"
        self.assertEqual(self.executed(0, 4, rewound, 4, device, 8), ([0, 4, 8], [4]))
        self.assertEqual(self.executed(0, 4, device, device, 8), ([0, 4, 8], [4]))


class SymbolsTest(unittest.TestCase):
    def test_marks(self):
        marks = mix.read_marks(NM)
        self.assertEqual(marks.begins, {UPPER + 0x100: ["pair"], UPPER + 0x200: ["gap"]})
        self.assertEqual(marks.ends, {UPPER + 0x88: ["irq_to_handler"], UPPER + 0x10c: ["pair"],
                                      UPPER + 0x110: ["pair"], UPPER + 0x200: ["gap"]})
        self.assertEqual((marks.vectors, marks.devices), ({UPPER + 0x80}, {UPPER + 0x84}))
        self.assertEqual(marks.rows_from_vector(), {"irq_to_handler"})

    def test_code(self):
        code = mix.read_code(DISASSEMBLY)
        self.assertEqual(list(code), [UPPER + 0x100, UPPER + 0x104, UPPER + 0x108])
        self.assertEqual(code[UPPER + 0x104],
                         mix.Instruction("ldaxr", "ldaxr x1, [x0]", "lock_pair"))
        self.assertEqual(code[UPPER + 0x108].mnemonic, "b.eq")

    def test_what_is_no_instruction_is_reported(self):
        code = {0x10: mix.Instruction("add", "add", "f"), 0x14: mix.Instruction(".word", "", "f")}
        samples = {"a": [0x10], "b": [0x10, 0x14], "c": [0x18]}
        self.assertEqual(list(mix.unreadable(samples, code)),
                         ["b: no instruction is known at 0x14",
                          "c: no instruction is known at 0x18"])

    def test_long_names_are_cut_to_what_tells_them_apart(self):
        for long, short in (
                ("pivot_attend_pass", "pivot_attend_pass"),
                ("pivot::Continuation::take(pivot::SoftQueue&)", "Continuation::take"),
                ("pivot::GicV3<pivot::Map{1ul, 2ul}>::disable(unsigned int)", "GicV3::disable"),
                ("void pivot::Entry::run<&pivot::(anonymous namespace)::stray, (pivot::Ipl)5, "
                 "pivot::LineInfo>(void*, void*)", "Entry::run<stray>"),
                ("void pivot::Entry::run<(&(void pivot::test::probe<(pivot::Ipl)5>"
                 "(pivot::TopHalf<(pivot::Ipl)5> const&, int&))), (pivot::Ipl)5>(void*, void*)",
                 "Entry::run<probe>"),
                ("pivot::Soft::to<&pivot::(anonymous namespace)::wake, int>(pivot::Ipl, int&)::"
                 "{lambda(pivot::MayBlock const&, void*)#1}::_FUN(pivot::MayBlock const&, void*)",
                 "Soft::to<wake>")):
            self.assertEqual(names.short(long), short)


class SamplerTest(unittest.TestCase):
    def test_from_after_the_beginning_to_the_end_inclusive(self):
        sampler = sampled({"pair": (3, 1)}, 0x100, 0x104, 0x108, 0x10c)
        self.assertEqual(offsets(sampler.samples["pair"]), [0x104, 0x108, 0x10c])
        self.assertEqual(list(sampler.problems()), [])

    def test_a_row_from_the_vector_counts_the_vectors_first_instruction(self):
        sampler = sampled({"irq_to_handler": (3, 1)}, 0x80, 0x80, 0x84, 0x88)
        self.assertEqual(offsets(sampler.samples["irq_to_handler"]), [0x80, 0x84, 0x88])

    def test_a_mark_that_ends_and_begins(self):
        sampler = sampled({"gap": (3, 1)}, 0x200, 0x204, 0x200, 0x204, 0x80, 0x200, 0x204, 0x200)
        self.assertEqual(offsets(sampler.samples["gap"]), [0x204, 0x80, 0x200])
        self.assertEqual(sampler.lengths["gap"], Counter({2: 2, 3: 1}))

    def test_a_divided_row_takes_the_whole_sample(self):
        # Half of three is two: the image rounds up, so that a row never looks better than it is.
        for wanted, found in (((1, 2), False), ((2, 2), True), ((3, 1), True)):
            sampler = sampled({"pair": wanted}, 0x100, 0x104, 0x108, 0x110)
            self.assertEqual("pair" in sampler.samples, found)

    def test_an_end_without_a_beginning_is_no_sample(self):
        self.assertEqual(sampled({"pair": (1, 1)}, 0x10c, 0x10c).lengths["pair"], Counter())

    def test_a_length_that_is_not_the_median_is_a_problem(self):
        sampler = sampled({"pair": (9, 1), "irq_to_handler": (4, 2)}, 0x100, 0x104, 0x10c)
        self.assertEqual(sampler.samples, {})
        self.assertEqual(list(sampler.problems()), [
            "pair: its median is 9, but the log's samples have 2",
            "irq_to_handler: its median is 4 x 2, but the log's samples have none at all"])

    def test_old_addresses_are_forgotten_and_recent_ones_are_not(self):
        sampler = mix.Sampler(mix.read_marks(NM), {"pair": (2, 1)})
        for _ in range(3):
            sampler.feed(UPPER + 0x100)
            for _ in range(5 * sampler.LONGEST):
                sampler.feed(UPPER + 0x300)
            sampler.feed(UPPER + 0x10c)
        self.assertEqual(sampler.samples, {})
        for offset in (0x100, 0x104, 0x10c):
            sampler.feed(UPPER + offset)
        self.assertEqual(offsets(sampler.samples["pair"]), [0x104, 0x10c])


class MixTest(unittest.TestCase):
    def kinds(self, *mnemonics, devices=()):
        code = {n: mix.Instruction(m, m, f"f{n // 4}") for n, m in enumerate(mnemonics)}
        found = mix.mix_of(range(len(mnemonics)), code, set(devices))
        self.assertEqual(found.pop("instructions"), len(mnemonics))
        self.assertEqual(sum(found.values()) + found["exclusive_pairs"]
                         - sum(map(bool, map(mix.ATOMIC.match, mnemonics))), len(mnemonics))
        return {kind: count for kind, count in found.items() if count}

    def test_each_kind(self):
        for kind, mnemonics in (("barriers", "dsb dmb isb sb"),
                                ("sysreg", "mrs msr sys at dc ic tlbi"),
                                ("memory", "ldr str ldp stp ldrb strh ldur stlr ldar prfm ldpsw"),
                                ("rest", "add b b.eq bl blr ret eret nop wfe sev cmp csel sbfm "
                                         "sbc hlt svc adrp")):
            for mnemonic in mnemonics.split():
                with self.subTest(mnemonic=mnemonic):
                    self.assertEqual(self.kinds(mnemonic), {kind: 1})

    def test_exclusive_pairs(self):
        self.assertEqual(self.kinds("ldaxr", "add", "stlxr"), {"exclusive_pairs": 1, "rest": 1})
        self.assertEqual(self.kinds("ldxrb", "stxrb", "ldxp", "stxp"), {"exclusive_pairs": 2})
        # A load whose store was not reached (the lock was taken) is a load.
        self.assertEqual(self.kinds("ldaxrh", "wfe"), {"memory": 1, "rest": 1})

    def test_atomics_do_a_pairs_work(self):
        for mnemonic in "cas casal swpb ldaddal stset ldumaxah casp".split():
            self.assertEqual(self.kinds(mnemonic), {"exclusive_pairs": 1})

    def test_a_device_access_is_no_other_load(self):
        self.assertEqual(self.kinds("ldr", "str", devices=[1]), {"memory": 1, "device": 1})

    def test_by_function(self):
        code = {n: mix.Instruction("nop", "nop", "abc"[n // 2]) for n in range(6)}
        self.assertEqual(mix.by_function([4, 0, 1, 4, 9], code), [("c", 2), ("a", 2), ("?", 1)])


if __name__ == "__main__":
    unittest.main()
