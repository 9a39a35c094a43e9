"""What `./pivot` does. Thin on purpose: how things are built and tested is CMake's knowledge."""

import argparse
import os
import shutil
import sys
import xml.etree.ElementTree as ElementTree

import argue
import baseline
import bench
import compare
import debug
import guest
import inject
import machines
import packages
import presets
import reference
import rivals
import say
import trace

HELP = """\
usage: ./pivot [bench | compare | baseline | argue | inject | trace | rivals | test | run | debug |
               docs | clean | help] [options]

  bench   measure interrupt latency on every board and print the report (the default)
  compare A.json B.json   two results of bench, row by row; status 1 if something is slower
  baseline  measure, show what has changed and make it what later runs are held to
  argue   measure Pivot's way beside interrupt threads: latency, work, bytes lost; with a picture
  inject  an interrupt at every instruction of the kernel's operations; where is the worst one?
  trace [SCENARIO]  record what happens, for ui.perfetto.dev and as text
  rivals linux-rt  boot Debian's real-time Linux here and measure it beside Pivot
  test    build and run every test; the last line says 'N passed, N failed'
  run     boot the kernel and its shell on this terminal (Ctrl-A X ends it)
  debug   boot it halted, with gdb attached and commands for threads, lines and stacks
  docs    make the API reference, build/docs/html/index.html
  clean   remove build/
  help    this text

  --board NAME    all that boot something, but test: the board ({boards})
  --gic 2|3       the same as --board, by the interrupt controller
  --list          bench: the rows and what each measures; inject: the operations;
                  trace: the scenarios
  --rows A,B      bench: these rows only
  --samples N     bench: so many samples a row instead of 1000, which is the most
  --repeat N      bench: N times; in an exact run each must give the same figures
  --smp N         bench, inject, test, run, debug: with N CPUs instead of one ({cpus})
  --full          test: the long variants too; argue: longer streams, more rates
  --above N       trace worst, trace row:NAME: up to the first sample of more than N ticks
  --fresh         rivals: fetch the packages again
  --op A[,B]      inject: only these operations
  --pairs         inject: two interrupts, every distance apart
  --shard I/N     inject: the Ith of N parts (GTEST_SHARD_INDEX and GTEST_TOTAL_SHARDS say it, too)
  --merge FILES [-o OUT]  inject: put the parts' files together
  --panic-on-defer  run: a top half that must leave its work to a continuation is a panic
  --no-install    install nothing: list what is missing and stop with status 2
  --verbose       show every command
  -- ARGS         debug: the rest goes to gdb, e.g. -- -batch -ex pivot-lines

Exit status: 0 all well, 1 a test failed or a row missed its target, 2 it could not be tried.
"""

BUILD = machines.ROOT / "build"
COMMANDS = ("bench", "compare", "baseline", "argue", "inject", "trace", "rivals", "test", "run",
            "debug", "docs", "clean", "help")
ONE_BOARD = ("argue", "inject", "trace", "rivals", "run", "debug")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise say.Failure(f"{message}; ./pivot help lists what there is")


def arguments(argv):
    rest = []
    if "--" in argv:
        at = argv.index("--")
        argv, rest = argv[:at], argv[at + 1:]
    parser = Parser(prog="pivot", add_help=False, allow_abbrev=False)
    parser.add_argument("command", nargs="?", default="bench")
    parser.add_argument("files", nargs="*")
    for option in ("--board", "--gic", "--smp", "--rows", "--samples", "--repeat", "--above"):
        parser.add_argument(option)
    for flag in ("--verbose", "--no-install", "--full", "--panic-on-defer", "--list",
                 "--fresh", "--help", "-h"):
        parser.add_argument(flag, action="store_true")
    inject.add_options(parser)
    args = parser.parse_intermixed_args(argv)      # trace --gic 2 worst
    if args.help or args.h:
        args.command = "help"
    if args.command not in COMMANDS:
        parser.error(f"no sub-command '{args.command}'")
    booted = ("bench", "baseline", "argue", "inject", "trace", "rivals", "run", "debug")
    for word, given, goes_with in (("--board", args.board is not None, booted),
                                   ("--gic", args.gic is not None, booted),
                                   ("--smp", args.smp is not None,
                                    ("bench", "inject", "test", "run", "debug")),
                                   ("--list", args.list, ("bench", "inject", "trace")),
                                   *((f"--{name}", getattr(args, name), ("bench",))
                                     for name in ("rows", "samples", "repeat")),
                                   *((f"--{name}", getattr(args, name), ("inject",))
                                     for name in inject.OPTIONS),
                                   ("--above", args.above is not None, ("trace",)),
                                   ("--full", args.full, ("test", "argue")),
                                   ("--fresh", args.fresh, ("rivals",)),
                                   ("--panic-on-defer", args.panic_on_defer, ("run",)),
                                   ("--", rest, ("debug",))):
        if given not in (None, False, []) and args.command not in (*goes_with, "help"):
            parser.error(f"{word} does not go with {args.command}")
    if args.command == "compare" and len(args.files) != 2:
        parser.error("compare wants two files that bench has written")
    args.above = number_of(parser, "--above", args.above, trace.MOST_ABOVE)
    if args.command == "trace" and len(args.files) < 2:
        args.scenario = trace.chosen(*args.files or ["interrupt"], above=args.above)
    elif args.command == "rivals":
        rivals.chosen(*args.files or ["linux-rt"])
    elif args.files and args.command != "compare":
        parser.error(f"{args.command} takes no '{args.files[0]}'")
    if args.gic is not None:
        take_gic(args, parser)
    args.samples = number_of(parser, "--samples", args.samples, bench.MOST_SAMPLES)
    args.repeat = number_of(parser, "--repeat", "1" if args.repeat is None else args.repeat, 100)
    args.rows = bench.rows_asked_for(args.rows)
    args.rest = rest
    return args


def take_gic(args, parser):
    """--gic is another way to name a board."""
    board = {"3": "qemu-virt", "2": "qemu-virt-gicv2"}.get(args.gic)
    if board is None:
        parser.error(f"--gic {args.gic}: it is 2 or 3")
    if args.board not in (None, board):
        parser.error(f"--gic {args.gic} is {board}, not {args.board}")
    args.board = board


def number_of(parser, word, given, most):
    if given is None:
        return None
    if not given.isdecimal() or not 1 <= int(given) <= most:
        parser.error(f"{word} {given}: it is 1 to {most}")
    return int(given)


def boards_of(args):
    """The boards that a command is about."""
    if args.board is not None:
        return [args.board]
    every = list(machines.boards())
    return every[:1] if args.command in ONE_BOARD else every


def prepare(args):
    """Everything that can be refused is refused here, before anything is done."""
    if args.board is not None:
        machines.board(args.board)
    for board in boards_of(args):
        machines.usual_cpus(board) if args.smp is None else machines.cpus_of(args.smp, board)
    boots = packages.QEMU in packages.NEEDS[args.command]
    if boots and packages.QEMU.met():
        machines.check_qemu()
    packages.provide(args.command, install=not args.no_install, verbose=args.verbose)
    if boots:
        machines.check_qemu()


def build(preset, verbose, images=()):
    """Configures if that is needed, and builds all or these images; False when either failed."""
    say.step(f"Building {preset}")
    directory = presets.build_dir(preset)
    configure = presets.configure_command(preset)
    # ninja runs cmake again when a CMake file changed, but cannot know of changed options.
    stamp = directory / ".configured-with"
    wanted = "\n".join(configure)
    if not ((directory / "build.ninja").exists() and stamp.exists()
            and stamp.read_text(encoding="utf-8") == wanted):
        if stamp.exists():
            # Options that are no longer given would live on in the cache.
            shutil.rmtree(directory, ignore_errors=True)
        if say.run_quietly(configure, verbose=verbose):
            return False
        stamp.write_text(wanted, encoding="utf-8")
    words = presets.build_command(preset, images)
    return say.run(words + (["--verbose"] if verbose else []), verbose=verbose) == 0


def must_build(preset, verbose, *images):
    if not build(preset, verbose, images):
        raise say.Failure(f"{preset} does not build", 1)


def do_bench(args):
    if args.list:
        print("\n".join(bench.listing()))
        return 0
    missed = False
    for board in boards_of(args):
        must_build(board, args.verbose, *bench.IMAGES, "argue")
        say.step(f"Measuring {board}: {machines.board(board)['describe']}")
        missed |= not bench.measure(board, presets.build_dir(board) / "images", BUILD / "bench",
                                    smp=args.smp, verbose=args.verbose, samples=args.samples,
                                    repeat=args.repeat, only=args.rows)
        if args.rows:
            continue
        argue.measure_short(board, presets.build_dir(board) / "images", BUILD / "bench",
                            verbose=args.verbose)
    if not args.rows:
        print()
        for board in boards_of(args):
            print(f"report: {BUILD / 'bench' / board}.html")
    return 1 if missed else 0


def do_compare(args):
    return compare.main(args.files)


def do_baseline(args):
    for board in boards_of(args):
        must_build(board, args.verbose, *bench.IMAGES)
        say.step(f"Measuring {board}: {machines.board(board)['describe']}")
        if not bench.measure(board, presets.build_dir(board) / "images", BUILD / "bench",
                             smp="1", verbose=args.verbose):
            raise say.Failure("no baseline is made of rows that miss their targets", 1)
        say.step(f"The new baseline of {board}")
        for line in baseline.write(compare.load(BUILD / "bench" / f"{board}.json")):
            print(line)
    return 0


def do_argue(args):
    board, = boards_of(args)
    must_build(board, args.verbose, "argue")
    say.step(f"Measuring {board}: {machines.board(board)['describe']}")
    argue.measure(board, presets.build_dir(board) / "images", BUILD / "argue", full=args.full,
                  verbose=args.verbose)
    return 0


def do_inject(args):
    out = BUILD / "inject"
    if args.merge:
        inject.merge(args.merge, args.output, out)
        return 0
    wanted = inject.chosen_by(args)
    prepare(args)
    board, = boards_of(args)
    must_build(board, args.verbose, "inject")
    images = presets.build_dir(board) / "images"
    if args.list:
        inject.show_list(board, images, smp=args.smp, verbose=args.verbose)
    else:
        say.step(f"Injecting on {board}: {machines.board(board)['describe']}")
        inject.measure(board, images, out, smp=args.smp, verbose=args.verbose, **wanted)
    return 0


def do_trace(args):
    if args.list:
        print("\n".join(trace.listing()))
        return 0
    board, = boards_of(args)
    must_build(board, args.verbose, "trace", "bench_traced")
    say.step(f"Tracing {args.scenario} on {board}: {machines.board(board)['describe']}")
    trace.measure(board, presets.build_dir(board) / "images", BUILD / "trace", args.scenario,
                  above=args.above, verbose=args.verbose)
    return 0


def do_rivals(args):
    board, = boards_of(args)
    must_build(board, args.verbose, "cyclic")
    rivals.measure(board, presets.build_dir(board) / "images", BUILD / "rivals", fresh=args.fresh,
                   verbose=args.verbose)
    return 0


def count_junit(path):
    """(passed, names of failed, names of skipped) of a CTest JUnit file."""
    passed, failed, skipped = 0, [], []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?")
        # CTest says "notrun" both of a test that skipped itself (the reason begins with SKIP_) and
        # of one that could not be started; only the first is no failure.
        status, reason = case.get("status"), case.find("skipped")
        if status == "run":
            passed += 1
        elif status == "disabled" or (reason is not None
                                      and reason.get("message", "").startswith("SKIP_")):
            skipped.append(name)
        else:
            failed.append(name)
    return passed, failed, skipped


def run_tests(preset, args):
    """Builds and tests one preset: (passed, failed names, skipped names)."""
    if not build(preset, args.verbose):
        return 0, [f"build of {preset}"], []
    say.step(f"Testing {preset}")
    junit = BUILD / f"junit-{preset}.xml"
    junit.unlink(missing_ok=True)
    words = presets.test_command(preset) + ["--output-junit", str(junit), "--parallel",
                                            str(os.cpu_count() or 1)]
    said = {name: value for name, value in (("PIVOT_FULL", "1" if args.full else None),
                                            ("PIVOT_SMP", args.smp)) if value is not None}
    env = {**os.environ, **said} if said else None
    status = say.run(words + (["--verbose"] if args.verbose else []), verbose=args.verbose, env=env)
    try:
        passed, failed, skipped = count_junit(junit)
    except (OSError, ElementTree.ParseError):
        return 0, [f"ctest of {preset} (no result, status {status})"], []
    if status and not failed:
        failed.append(f"ctest of {preset} (status {status})")
    return passed, [f"{preset}: {n}" for n in failed], [f"{preset}: {n}" for n in skipped]


def do_test(args):
    passed, failed, skipped = 0, [], []
    for preset in presets.names():
        one = run_tests(preset, args)
        passed, failed, skipped = passed + one[0], failed + one[1], skipped + one[2]
    for name in skipped:
        print(f"skipped: {name}")
    for name in failed:
        print(say.bad(f"failed: {name}"))
    sys.stdout.flush()
    print(f"{passed} passed, {len(failed)} failed", flush=True)
    return 1 if failed or not passed else 0


def do_run(args):
    board, = boards_of(args)
    must_build(board, args.verbose, "pivot")
    words = machines.qemu_command(board, presets.build_dir(board) / "images/pivot.elf",
                                  smp=args.smp, serial="mon:stdio",
                                  args=("panic-on-defer",) if args.panic_on_defer else ())
    say.step(f"Booting {board} (Ctrl-A X ends it)")
    say.command_line(words, args.verbose)
    os.execvp(words[0], words)


def do_debug(args):
    board, = boards_of(args)
    must_build(board, args.verbose, "pivot")
    return debug.session(board, presets.build_dir(board) / "images/pivot.elf", args.rest,
                         smp=args.smp, verbose=args.verbose)


def do_docs(_):
    say.step("Making the API reference")
    warnings = reference.generate(BUILD / "docs")
    for line in warnings:
        print(line)
    print(f"reference: {BUILD / 'docs/html/index.html'}")
    return 1 if reference.undocumented(warnings) else 0


def do_clean(args):
    say.command_line(["rm", "-rf", BUILD], args.verbose)
    shutil.rmtree(BUILD, ignore_errors=True)
    return 0


def do_help(_):
    cpus = ", ".join(f"{name}: at most {spec['cpus']}" for name, spec in machines.boards().items())
    print(HELP.format(boards=", ".join(machines.boards()), cpus=cpus), end="")
    return 0


def main(argv):
    guest.end_with_us()
    try:
        args = arguments(argv)
        # Files are put together without anything being built: inject prepares itself.
        if args.command in packages.NEEDS and not args.list and args.command != "inject":
            prepare(args)
        action = {"bench": do_bench, "compare": do_compare, "baseline": do_baseline,
                  "argue": do_argue, "inject": do_inject, "trace": do_trace,
                  "rivals": do_rivals, "test": do_test,
                  "run": do_run, "debug": do_debug, "docs": do_docs, "clean": do_clean,
                  "help": do_help}[args.command]
        return action(args)
    except say.Failure as failure:
        say.error(failure)
        return failure.status
    except (machines.MachineError, presets.PresetError, OSError) as refusal:
        say.error(refusal)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        say.error("interrupted")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
