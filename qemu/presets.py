"""CMakePresets.json, read here so that it also works where CMake cannot read it.

The file is version 6, for its workflow presets; the CMake 3.22 of Ubuntu 22.04 stops at 3 and
rejects the whole file. So ./pivot never says --preset: it spells the same options out
(docs/decisions/presets.md). Only what our file uses is understood; anything else is refused, so
that the two readings cannot drift apart unnoticed.
"""

import json

from machines import ROOT

CONFIGURE_KEYS = {"name", "hidden", "displayName", "inherits", "generator", "binaryDir",
                  "toolchainFile", "cacheVariables"}
TEST_KEYS = {"name", "hidden", "inherits", "configurePreset", "output", "execution"}


class PresetError(Exception):
    """The file says something that this reader does not know."""


def load():
    return json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))


def names():
    return [p["name"] for p in load()["configurePresets"] if not p.get("hidden")]


def flatten(presets, name, known):
    """One preset with what it inherits; its own words win, dictionaries are merged."""
    preset = next((p for p in presets if p["name"] == name), None)
    if preset is None:
        raise PresetError(f"CMakePresets.json has no preset '{name}'")
    unknown = set(preset) - known
    if unknown:
        raise PresetError(f"preset '{name}': qemu/presets.py does not know {sorted(unknown)}")
    merged = flatten(presets, preset["inherits"], known) if "inherits" in preset else {}
    for key, value in preset.items():
        merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
    return merged


def expand(text, name):
    return text.replace("${sourceDir}", str(ROOT)).replace("${presetName}", name)


def build_dir(name):
    preset = flatten(load()["configurePresets"], name, CONFIGURE_KEYS)
    return ROOT / expand(preset["binaryDir"], name)


def configure_command(name):
    """What `cmake --preset NAME` does."""
    preset = flatten(load()["configurePresets"], name, CONFIGURE_KEYS)
    words = ["cmake", "-S", str(ROOT), "-B", expand(preset["binaryDir"], name),
             "-G", preset["generator"]]
    if "toolchainFile" in preset:
        words.append(f"-DCMAKE_TOOLCHAIN_FILE={expand(preset['toolchainFile'], name)}")
    return words + [f"-D{key}={value}" for key, value in preset["cacheVariables"].items()]


def build_command(name, images=()):
    """What `cmake --build --preset NAME` does, or only what these images need of it."""
    targets = ["--target", *images] if images else []
    return ["cmake", "--build", str(build_dir(name)), *targets]


def test_command(name):
    """What `ctest --preset NAME` does."""
    preset = flatten(load()["testPresets"], name, TEST_KEYS)
    words = ["ctest", "--test-dir", str(build_dir(preset["configurePreset"]))]
    if preset["output"] == {"outputOnFailure": True}:
        words.append("--output-on-failure")
    else:
        raise PresetError(f"test preset '{name}': unknown output {preset['output']}")
    if preset["execution"] == {"noTestsAction": "error"}:
        words.append("--no-tests=error")
    else:
        raise PresetError(f"test preset '{name}': unknown execution {preset['execution']}")
    return words
