#!/usr/bin/env python3
"""bin/pivot of an installed Pivot: the runner of sdk.py, wherever the tree was moved to."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "share" / "pivot" / "qemu"))

import sdk  # noqa: E402

sys.exit(sdk.main())
