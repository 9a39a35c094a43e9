"""What `./pivot` does. Thin on purpose: how things are built and tested is CMake's knowledge."""

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
import options
import packages
import presets
import reference
import rivals
import say
import trace

BUILD = machines.ROOT / "build"
ONE_BOARD = ("argue", "inject", "trace", "rivals", "run", "debug")


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
    most = "kernel_cpus" if args.command in ("bench", "inject") else "cpus"
    for board in boards_of(args):
        if args.smp is None:
            machines.usual_cpus(board)
        else:
            machines.cpus_of(args.smp, board, most=most)
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
    print(options.help_text(), end="")
    return 0


def main(argv):
    guest.end_with_us()
    try:
        args = options.arguments(argv)
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
