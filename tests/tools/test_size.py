"""qemu/size.py on objects that a compiler made, where there is one, and on what cannot be read."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import helper
import elf
import size

COMPILER = next(filter(None, map(shutil.which, ("aarch64-none-elf-g++", "aarch64-linux-gnu-g++",
                                                "aarch64-elf-g++"))), None)
SHARED = """
template <int N> [[gnu::noinline]] int shared(int x) { return x / N; }
"""
ONE = SHARED + """
int one(int x) { return shared<7>(x); }
"""
TWO = ONE.replace("one(", "two(") + """
extern const int table[100] = {1};    // 400 bytes of constants
int variables[50] = {1};
const char* text() { return "twenty characters..."; }    // 21 of constants
"""
DRIVER = """
namespace pivot { struct GicV3 { [[gnu::noinline]] static int read(int x) { return x % 9; } }; }
int read(int x) { return pivot::GicV3::read(x); }
"""
MAP = """
Discarded input sections

 .text.left_out 0x0000000000000000       0x18 CMakeFiles/kernel_release.dir/kern/sched.cpp.obj

Linker script and memory map

 *(.text .text.*)
 .text._ZN5pivot9Scheduler5yieldERKNS_8MayBlockE
                0xffffff8000001000       0x40 CMakeFiles/kernel_release.dir/kern/sched.cpp.obj
                0xffffff8000001000                pivot::Scheduler::yield(pivot::MayBlock const&)
 *fill*         0xffffff8000001040        0x8
 .text._ZN5pivot5GicV37disableEj
                0xffffff8000001050       0x74 CMakeFiles/kernel_release.dir/kern/main.cpp.obj
 .rodata.table  0xffffff8000002000       0x10 CMakeFiles/kernel_release.dir/intr/line.cpp.obj
 .rodata.names  0xffffff8000002010       0x20 CMakeFiles/kernel_release.dir/kern/panic.cpp.obj
 .rodata.rows   0xffffff8000002030       0x80 CMakeFiles/bench_objects.dir/tests/bench/rows.cpp.obj
 .data.x        0xffffff8000003000       0x80 CMakeFiles/kernel_release.dir/kern/sched.cpp.obj
"""
FLAGS = ("-O2", "-g", "-ffunction-sections", "-fdata-sections", "-fno-pic", "-ffreestanding")


class SizeTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name) / "CMakeFiles/kernel_release.dir"

    def made(self, source, text):
        """An object where CMake would put that of a source of the kernel."""
        path = self.root / f"{source}.obj"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".cpp").write_text(text, encoding="utf-8")
        subprocess.run([COMPILER, *FLAGS, "-c", path.with_suffix(".cpp"), "-o", path], check=True)
        return path

    @unittest.skipUnless(COMPILER, "no cross compiler")
    def test_constants_count_and_variables_do_not(self):
        one = self.made("kern/one.cpp", ONE)
        two = self.made("kern/two.cpp", TWO)
        alone = size.sizes([two])[size.PROPER, "kern/two.cpp"]
        without = size.sizes([one])[size.PROPER, "kern/one.cpp"]
        # text() itself is an ADRP, an ADD and a RET.
        self.assertEqual(alone - without, 400 + 21 + 12)

    @unittest.skipUnless(COMPILER, "no cross compiler")
    def test_what_two_objects_share_counts_once(self):
        one, two = self.made("kern/one.cpp", ONE), self.made("kern/two.cpp", TWO)
        both = size.sizes([two, one])
        self.assertEqual(both[size.PROPER, "kern/one.cpp"],
                         size.sizes([one])[size.PROPER, "kern/one.cpp"])
        self.assertLess(both[size.PROPER, "kern/two.cpp"],
                        size.sizes([two])[size.PROPER, "kern/two.cpp"])

    @unittest.skipUnless(COMPILER, "no cross compiler")
    def test_a_drivers_functions_are_the_drivers_wherever_they_are_emitted(self):
        parts = size.of_parts(size.sizes([self.made("intr/line.cpp", DRIVER)]))
        self.assertGreater(parts[size.DRIVERS], 0)
        self.assertGreater(parts[size.PROPER], 0)
        self.assertEqual((parts[size.DIAGNOSTICS], parts[size.BOOT]), (0, 0))

    def test_what_an_image_has_of_it(self):
        self.root.mkdir(parents=True)
        path = self.root / "bench.map"
        path.write_text(MAP, encoding="utf-8")
        self.assertEqual(size.linked(path), 0x40 + 0x10)

    def test_parts(self):
        for source, part in (("arch/aarch64/vectors.S", size.PROPER),
                             ("arch/aarch64/fault.cpp", size.DIAGNOSTICS),
                             ("arch/aarch64/start.S", size.BOOT),
                             ("kern/main.cpp", size.BOOT),
                             ("arch/board/console.cpp", size.DRIVERS),
                             ("arch/dev/gicv3.cpp", size.DRIVERS),
                             ("kern/base/format.cpp", size.DIAGNOSTICS),
                             ("kern/sched.cpp", size.PROPER),
                             ("intr/something_new.cpp", size.PROPER)):
            self.assertEqual(size.part_of(source), part, source)

    def test_every_rule_names_a_source_of_the_tree(self):
        tree = [p.relative_to(helper.ROOT).as_posix() for p in helper.ROOT.glob("*/**/*")]
        for pattern, _ in size.RULES:
            self.assertTrue(any(size.fnmatch.fnmatchcase(path, pattern) for path in tree), pattern)

    def test_the_drivers_classes_are_found(self):
        self.assertLessEqual({"GicV2", "GicV3", "GenericTimer", "Pl011"}, size.driver_classes())
        self.assertEqual(size.class_of(".text._ZN5pivot5GicV3IXtl1EE7disableEj"), "GicV3")
        self.assertEqual(size.class_of(".text._ZNK5pivot5Pl011I1E7flushedEv"), "Pl011")
        self.assertEqual(size.class_of(".text.pivot_main"), "")

    def test_what_cannot_be_read_is_refused(self):
        self.root.mkdir(parents=True)
        junk, listing = self.root / "junk.cpp.obj", self.root / "kernel_objects.txt"
        for data in (b"", b"\x7fELF\x02\x01", b"!<arch>\n"):
            junk.write_bytes(data)
            with self.assertRaisesRegex(elf.ElfError, "junk"):
                size.sizes([junk])
        for text in ("", str(self.root / "nothing.cpp.obj"), "/elsewhere/a.o"):
            listing.write_text(text, encoding="utf-8")
            with self.assertRaises(elf.ElfError):
                size.measure(self.root)
        for read in (size.measure, size.linked):
            with self.assertRaises(elf.ElfError):
                read(self.root / "nothing")


if __name__ == "__main__":
    unittest.main()
