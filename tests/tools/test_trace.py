#!/usr/bin/env python3
"""qemu/trace_events.py, and tests/trace/format.py on files that are broken on purpose."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import helper

helper.sys.path.insert(0, str(helper.ROOT / "tests" / "trace"))
import format as trace_format  # noqa: E402
import trace  # noqa: E402
import trace_events  # noqa: E402

RUN = """@order v.ct
@trace hz=1000000000
@thread at=16 name=main
@thread at=32 name=softnet
@ring cpu=0 first=0 end=6
@event cpu=0 t=90 kind=run detail=0 a=16 b=0 name=main
@event cpu=0 t=100 kind=irq_enter detail=5 a=200 b=7 name=probe
@event cpu=0 t=110 kind=schedule detail=3 a=64 b=80 name=x<&pivot::work, int>
@event cpu=0 t=120 kind=irq_exit detail=5 a=200 b=7 name=probe
@event cpu=0 t=130 kind=run detail=0 a=32 b=0 name=softnet
@event cpu=0 t=140 kind=begin detail=0 a=64 b=80 name=x<&pivot::work, int>
@event cpu=0 t=150 kind=end detail=0 a=64 b=80 name=x<&pivot::work, int>
@end
"""


def picture():
    return trace_events.chrome(trace_events.parse(RUN))


class Events(unittest.TestCase):
    def test_a_whole_run_is_a_sound_picture(self):
        self.assertEqual(trace_format.complaints(json.dumps(picture())), [])

    def test_an_arrow_from_the_top_half_to_the_continuation(self):
        arrows = [one for one in picture()["traceEvents"] if one["ph"] in "sf"]
        self.assertEqual([(one["ph"], round(one["ts"] * 1000)) for one in arrows],
                         [("s", 110), ("f", 140)])

    def test_an_end_without_its_begin_is_left_out(self):
        cut = "\n".join(line for line in RUN.splitlines() if "irq_enter" not in line)
        self.assertEqual(trace_format.complaints(json.dumps(
            trace_events.chrome(trace_events.parse(cut)))), [])

    def test_who_gives_up_has_waited_and_has_nothing(self):
        lock = "detail=2 a=96 b=7 name=table\n"
        run = RUN.replace("@end\n", f"@event cpu=0 t=160 kind=contend {lock}"
                          f"@event cpu=0 t=170 kind=gave_up {lock}"
                          "@event cpu=0 t=180 kind=run detail=0 a=16 b=0 name=main\n@end\n")
        events = trace_events.chrome(trace_events.parse(run))["traceEvents"]
        self.assertEqual(trace_format.complaints(json.dumps({"traceEvents": events})), [])
        self.assertEqual([one["name"] for one in events if one["ph"] == "i"], ["gives up table"])
        wait = next(one for one in events if one.get("name") == "waits for table")
        self.assertEqual([(one["ph"], round(one["ts"] * 1000)) for one in events
                          if one["tid"] == wait["tid"] and one["ph"] in "BE"],
                         [("B", 160), ("E", 170)])

    def test_a_run_that_broke_off_is_refused(self):
        for broken in (RUN.replace("@end\n", ""), RUN.replace("@trace hz=1000000000\n", ""),
                       RUN.replace("kind=irq_enter", "kind=nothing"), RUN + "@what\n@end\n"):
            with self.assertRaises(trace_events.TraceError):
                trace_events.parse(broken)

    def test_levels(self):
        self.assertEqual([trace_events.level(held) for held in (0, 0xffffffff00000000,
                         0xffffffff000000ff, 0xffffffff0000ffff, 0xffffffff00ffffff)],
                         [0, 4, 5, 6, 7])


class Threshold(unittest.TestCase):
    """What ./pivot trace worst says and writes, of an image that prints this."""
    HEAD = "@kept sample=3 ticks=45 of=9\n@trace hz=1000000000\n"
    SAMPLE = "@event cpu=0 t=90 kind=sample detail=0 a=40 b=85 name=\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)

    def measure(self, output, above, scenario="worst"):
        said = io.StringIO()
        with mock.patch.object(trace, "run_image", return_value=output) as run, \
                contextlib.redirect_stdout(said):
            trace.measure("b", Path("images"), self.out, scenario, above=above)
        self.assertEqual(run.call_args.kwargs["above"], above)
        return said.getvalue().splitlines(), sorted(path.name for path in self.out.iterdir())

    def test_above(self):
        said, files = self.measure(self.HEAD + self.SAMPLE + "@end\n", 44)
        self.assertIn("stopped at sample 3, which took 45 ticks, above 44", said)
        self.assertEqual(files, ["b.worst.above-44.json", "b.worst.above-44.txt"])

    def test_not_above(self):
        self.measure(self.HEAD + self.SAMPLE + "@end\n", None)
        (self.out / "b.worst.above-45.json").write_text("of an older kernel", encoding="utf-8")
        said, files = self.measure(self.HEAD + "@end\n", 45)
        self.assertEqual(said, ["none of 9 samples took more than 45 ticks: the worst, number 3, "
                                "took 45; no trace is written"])
        self.assertEqual(files, ["b.worst.json", "b.worst.txt"])

    def test_the_worst(self):
        said, _ = self.measure(self.HEAD + self.SAMPLE + "@end\n", None)
        self.assertIn("the worst of 9 samples is number 3, with 45 ticks", said)

    def test_a_row(self):
        _, files = self.measure(self.HEAD + self.SAMPLE + "@end\n", 1, "row:null")
        self.assertEqual(files, ["b.row-null.above-1.json", "b.row-null.above-1.txt"])

    def test_the_image_is_told(self):
        for scenario, words in (("worst", ("trace", "worst", "above=7")),
                                ("row:x", ("bench", "worst", "x", "samples=50", "above=7"))):
            with mock.patch.object(trace.machines, "qemu_command", side_effect=KeyError) as command:
                with self.assertRaises(KeyError):
                    trace.run_image("b", mock.MagicMock(), scenario, above=7)
            self.assertEqual(command.call_args.kwargs["args"], words)


def broken(change):
    data = picture()
    data["traceEvents"] = change(data["traceEvents"]) or data["traceEvents"]
    return "\n".join(trace_format.complaints(json.dumps(data)))


def first(events, phase):
    return next(one for one in events if one["ph"] == phase)


class Format(unittest.TestCase):
    def test_what_is_no_trace(self):
        self.assertEqual(trace_format.complaints("{"), ["no JSON"])
        for text in ("[]", "{}", '{"traceEvents": 3}', '{"traceEvents": [3]}'):
            self.assertEqual(trace_format.complaints(text), ["no list traceEvents of objects"])

    def test_a_missing_end(self):
        self.assertIn("without an end", broken(lambda e: e.remove(first(e, "E"))))

    def test_an_end_too_many(self):
        self.assertIn("an E without its B",
                      broken(lambda e: e.insert(0, first(e, "E") | {"ts": 0})))

    def test_time_that_goes_back(self):
        self.assertIn("time goes back", broken(lambda e: e.append(first(e, "B") | {"ts": 0})))

    def test_half_an_arrow(self):
        for phase in "sf":
            self.assertIn("not one beginning and one end",
                          broken(lambda e, p=phase: e.remove(first(e, p))))

    def test_an_arrow_backwards(self):
        self.assertIn("ends before it begins",
                      broken(lambda e: first(e, "f").update(ts=0) or e.sort(
                          key=lambda one: one.get("ts", 0))))

    def test_missing_fields(self):
        for phase, key in (("B", "name"), ("B", "tid"), ("f", "bp"), ("s", "id"), ("E", "ts")):
            self.assertIn(f"{key} missing", broken(lambda e, p=phase, k=key: first(e, p).pop(k) and
                                                   None))

    def test_an_unknown_phase_and_a_negative_time(self):
        self.assertIn("no phase", broken(lambda e: first(e, "B").update(ph="Q")))
        self.assertIn("its time is", broken(lambda e: first(e, "B").update(ts=-1)))

    def test_a_track_without_a_name(self):
        self.assertIn("has no name", broken(
            lambda e: [one for one in e if one["ph"] != "M"]))


if __name__ == "__main__":
    unittest.main()
