"""HTML from Python: tag() escapes whatever is not already HTML, so nothing can be forgotten."""

import html


class Html(str):
    """Text that is HTML already."""


def text(content):
    return content if isinstance(content, Html) else Html(html.escape(str(content)))


def tag(element, *content, **attributes):
    """<element class=...>content</element>; `class_` is class, `data_x` is data-x."""
    said = "".join(f' {name.strip("_").replace("_", "-")}="{html.escape(str(value))}"'
                   for name, value in attributes.items() if value is not None)
    return Html(f"<{element}{said}>{join(content)}</{element}>")


def join(parts, between=""):
    return Html(between.join(text(part) for part in parts if part is not None))


def cell(content, label=None, **attributes):
    """A table's cell. `label`: what it says on a narrow screen, where its column has no head."""
    return tag("td", content, data_label=label, **attributes)


def number(value, label=None, **attributes):
    attributes["class_"] = " ".join(filter(None, ("n", attributes.get("class_"))))
    return cell("–" if value is None else value, label, **attributes)


def table(heads, rows, *, class_=None, left=(0,)):
    """`heads`: texts, at the places in `left` aligned left; `rows`: lists of cells, or <tr>s."""
    head = (tag("th", h, scope="col", class_=None if i in left else "n")
            for i, h in enumerate(heads))
    body = (row if isinstance(row, Html) else tag("tr", *row) for row in rows)
    whole = tag("table", tag("thead", tag("tr", *head)), "\n",
                tag("tbody", *(join((row, Html("\n"))) for row in body)))
    return tag("div", whole, class_=" ".join(filter(None, ("scroll", class_))), tabindex=0)


def bar(value, full, *, limit=None, bad=False):
    """A bar of value / full, with a line at the limit."""
    def share(x):
        return f"{min(100, 100 * x / full):.2f}%" if full else "0%"
    line = None if limit is None else tag("s", "", style=f"left:{share(limit)}")
    return tag("span", tag("b", "", style=f"width:{share(value)}"), line,
               class_="bar bad" if bad else "bar")


def section(name, heading, *content, lead=None):
    about = None if lead is None else tag("p", lead, class_="lead")
    return tag("section", tag("h2", heading), about, "\n", *content, id=name)
