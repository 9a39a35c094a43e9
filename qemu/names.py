"""Function names as people can read them; shared by the instruction mix and gdb's commands."""

import re


def short(function):
    """A C++ function's name without what makes it long: our namespace, arguments, parameters."""
    name = function.replace("(anonymous namespace)::", "").replace("pivot::", "")
    # The handler that an adapter was made for says more than the adapter's own name.
    handler = re.search(r"<(?=\(*&)[(&]+(?:\w+ )?(?:\w+::)*(\w+)", name)
    # From the inside out, because they nest.
    shorter = None
    while shorter != name:
        shorter, name = name, re.sub(r"<[^<>]*>|\([^()]*\)", "", name)
    # What is left of `void f`: the type of a template's result.
    name = name.rpartition(" ")[2] or function
    return f"{name.partition('::{')[0]}<{handler[1]}>" if handler else name
