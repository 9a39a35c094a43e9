"""Whether a file is a trace that Perfetto and Chrome load: the rules of the Trace Event Format."""

import json

NEEDS = {"B": ("name", "ts"), "E": ("ts",), "X": ("name", "ts", "dur"), "i": ("name", "ts", "s"),
         "C": ("name", "ts", "args"), "M": ("name", "args"), "s": ("name", "ts", "id", "cat"),
         "f": ("name", "ts", "id", "cat", "bp")}


def complaints_of_one(number, one):
    phase = one.get("ph")
    if phase not in NEEDS:
        return [f"event {number}: no phase of ours: {phase!r}"]
    missing = [key for key in ("pid", "tid", *NEEDS[phase]) if key not in one]
    if missing:
        return [f"event {number} ({phase}): {', '.join(missing)} missing"]
    if phase != "M" and (not isinstance(one["ts"], (int, float)) or one["ts"] < 0):
        return [f"event {number}: its time is {one['ts']!r}"]
    if phase == "X" and one["dur"] < 0:
        return [f"event {number}: a negative duration"]
    return []


def unnested(events):
    """B and E pair on each track, as a stack; no track's time goes back."""
    depth, last = {}, {}
    for number, one in enumerate(events):
        if one["ph"] in ("M", "X"):
            continue
        track = one["pid"], one["tid"]
        if one["ts"] < last.get(track, 0):
            yield f"event {number}: time goes back on track {track}"
        last[track] = one["ts"]
        if one["ph"] in "BE":
            depth[track] = depth.get(track, 0) + (1 if one["ph"] == "B" else -1)
            if depth[track] < 0:
                yield f"event {number}: an E without its B on track {track}"
                depth[track] = 0
    for track, left in depth.items():
        if left:
            yield f"track {track}: {left} slices without an end"


def unpaired(events):
    """Each arrow has one beginning and one end, not before it."""
    ends = {}
    for one in events:
        if one["ph"] in "sf":
            ends.setdefault((one["cat"], one["name"], one["id"]), []).append(one)
    for key, both in ends.items():
        if sorted(one["ph"] for one in both) != ["f", "s"]:
            yield f"the arrow {key} has not one beginning and one end"
        elif {one["ph"]: one["ts"] for one in both}["s"] > \
                {one["ph"]: one["ts"] for one in both}["f"]:
            yield f"the arrow {key} ends before it begins"


def unnamed(events):
    named = {(one["pid"], one["tid"]) for one in events
             if one["ph"] == "M" and one["name"] == "thread_name"}
    for track in sorted({(one["pid"], one["tid"]) for one in events if one["ph"] in "BX"} - named):
        yield f"track {track} has no name"


def complaints(text):
    """Every violation, one line each."""
    try:
        data = json.loads(text)
    except ValueError:
        return ["no JSON"]
    events = data.get("traceEvents") if isinstance(data, dict) else None
    if not isinstance(events, list) or not all(isinstance(one, dict) for one in events):
        return ["no list traceEvents of objects"]
    found = [line for n, one in enumerate(events) for line in complaints_of_one(n, one)]
    return found or [*unnested(events), *unpaired(events), *unnamed(events)]
