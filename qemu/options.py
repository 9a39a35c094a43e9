"""The words of ./pivot's command line: what there is, what goes with what, what is refused."""

import argparse

import bench
import inject
import machines
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

COMMANDS = ("bench", "compare", "baseline", "argue", "inject", "trace", "rivals", "test", "run",
            "debug", "docs", "clean", "help")


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
        parser.error(f"{args.command} takes no '{args.files[-1]}'")
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


def help_text():
    cpus = ", ".join(f"{name}: at most {spec['cpus']}" for name, spec in machines.boards().items())
    return HELP.format(boards=", ".join(machines.boards()), cpus=cpus)
