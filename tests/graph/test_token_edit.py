"""Other parents for a file: exactly their literal changes, however the file is written."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from driftguard.graph import Revision, parse_revision
from driftguard.graph.edit import Uneditable, reparented

REVISES = re.compile(rb"(?m)^Revises:[^\r\n]*")


@pytest.mark.parametrize(
    ("was", "down", "now"),
    [
        pytest.param("down_revision = 'a'", "n", "down_revision = 'n'", id="a text"),
        pytest.param('down_revision = "a"', "n", 'down_revision = "n"', id="its quotes stay"),
        pytest.param('down_revision = u"a"', "n", 'down_revision = u"n"', id="a prefix"),
        pytest.param('down_revision = """a"""', "n", "down_revision = 'n'", id="quotes that nobody needs"),
        pytest.param('down_revision = "a" "b"', "n", 'down_revision = "n"', id="a text in two parts"),
        pytest.param("down_revision=None#x", "n", 'down_revision="n"#x', id="None, in the quotes of the file's own id"),
        pytest.param("down_revision = ('a')", "n", "down_revision = ('n')", id="parentheses"),
        pytest.param("down_revision = ('a',)", "n", "down_revision = ('n',)", id="a tuple of one"),
        pytest.param("down_revision = ('a', 'b')", "n", "down_revision = 'n'", id="a tuple that becomes a text"),
        pytest.param("down_revision = ['a', 'b']", "n", "down_revision = ['n']", id="a list that stays one"),
        pytest.param("down_revision = 'a', \"b\"", "n m", "down_revision = 'n', \"m\"", id="a tuple without brackets"),
        pytest.param("down_revision = 'a', \"b\"", "a m", "down_revision = 'a', \"m\"", id="only what changes"),
        pytest.param(
            'down_revision = (r"""a""", \'b\')', "a m", 'down_revision = (r"""a""", \'m\')', id="the rest stays"
        ),
        pytest.param("down_revision = 'a'", "n m", "down_revision = ('n', 'm')", id="a text that becomes a tuple"),
        pytest.param("down_revision = ['a']", "n m", "down_revision = ['n', 'm']", id="a longer list"),
        pytest.param("down_revision = {'a'}", "n", "down_revision = {'n'}", id="a set"),
        pytest.param("down_revision = 'a'", "", "down_revision = None", id="no parent any more"),
        pytest.param(
            "down_revision = (\n    'a',  # left\n    'b',  # right\n)",
            "n m",
            "down_revision = (\n    'n',  # left\n    'm',  # right\n)",
            id="comments between parents",
        ),
        pytest.param(
            "down_revision: Union[str, None] = 'a'", "n", "down_revision: Union[str, None] = 'n'", id="an annotation"
        ),
        pytest.param("parent = down_revision = 'a'", "n", "parent = down_revision = 'n'", id="two names"),
        pytest.param("x, down_revision = 1, 'a'", "n", "x, down_revision = 1, 'n'", id="unpacked"),
        pytest.param(
            "x = 'ä€😀'; down_revision = 'a'", "n", "x = 'ä€😀'; down_revision = 'n'", id="wide letters before"
        ),
        pytest.param("down_revision = \\\n  'a'", "n", "down_revision = \\\n  'n'", id="a line that goes on"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spellings(was: str, down: str, now: str, end: str) -> None:
    frame = '"""add x\n\nRevision ID: x\n{}\nCreate Date: y\n\n"""\nrevision = "x"\n{}\n\n\ndef upgrade():\n    pass\n'
    ids = ", ".join(down.split())
    source, expected = (
        frame.format(revises, line).replace("\n", end).encode()
        for revises, line in (("Revises: a", was), (f"Revises: {ids}", now))
    )
    assert reparented(source, "v/x.py", tuple(down.split())) == expected
    bom = b"\xef\xbb\xbf"
    assert reparented(bom + source, "v/x.py", tuple(down.split())) == bom + expected


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        pytest.param("down_revision = 'a' + 'b'", 2, "is computed (`'a' + 'b'`)", id="a sum"),
        pytest.param("p = 'a'\ndown_revision = p", 3, "is computed (`p`)", id="another name"),
        pytest.param("down_revision = f'a'", 2, "is computed", id="an f-string"),
        pytest.param("down_revision = 'a'\ndown_revision = 'b'", 3, "not set by one plain assignment", id="twice"),
        pytest.param("down_revision = 'a'\ndef f():\n    global down_revision\n    down_revision = 'b'\n", 2,
                     "not set by one plain assignment", id="a function that sets it as well"),
        pytest.param("depends_on = down_revision = 'a'", 2, "without changing something else", id="shared"),
        pytest.param("down_revision = ('a',  # left\n  'b')", 2, "comments stand inside", id="comments that would go"),
        pytest.param("down_revision = ('a'  # left\n  'b')", 2, "comments stand inside", id="a comment in one text"),
        pytest.param("down_revision = 'a", 2, "does not say which revision", id="no Python"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely(text: str, line: int, reason: str) -> None:
    with pytest.raises(Uneditable, match=re.escape(reason)) as refusal:
        reparented(f'revision = "x"\n{text}\n'.encode(), "v/x.py", ("n",))
    assert refusal.value.line == line or "which revision" in reason


def test_an_encoding_with_several_spellings_is_refused() -> None:
    source = b"# coding: utf-7\nrevision = 'x'\ndown_revision = 'a'\n# +AGEAYg- +AGE-\n"
    with pytest.raises(Uneditable, match="several ways"):
        reparented(source, "v/x.py", ("n",))


def test_latin_1_stays() -> None:
    source = "# coding: latin-1\n'''é\nRevises: a\n'''\nrevision = 'x'; e = 'éé'; down_revision = 'a'  # é\n"
    now = source.replace("Revises: a", "Revises: n").replace("n = 'a'", "n = 'n'")
    assert reparented(source.encode("latin-1"), "v/x.py", ("n",)) == now.encode("latin-1")


@pytest.mark.parametrize(
    "docstring",
    [
        '"""no such line"""',
        '"""add\n\nRevises: what was done last week\n"""',
        '"""add\n\nRevises: a\nRevises: b\n"""',
        '"a line\\nRevises: a\\n"',
        'x = """\nRevises: a\n"""',
        "",
    ],
)
def test_docstrings_without_the_template_s_line_stay(docstring: str) -> None:
    source = f"{docstring}\nrevision = 'x'\ndown_revision = 'a'\n"
    assert reparented(source.encode(), "x.py", ("n",)) == source.replace("= 'a'", "= 'n'").encode()


def test_a_docstring_that_ends_behind_the_line_stays_closed() -> None:
    source = b'"""add\nRevises: a"""\nrevision = "x"\ndown_revision = "a"\n'
    assert reparented(source, "x.py", ("n",)) == source.replace(b': a"', b': n"').replace(b'= "a"', b'= "n"')


def test_a_stale_line_is_right_afterwards() -> None:
    source = b'"""add\n\nRevises: stale\n"""\nrevision = "x"\ndown_revision = "a"\n'
    assert b"Revises: n\n" in reparented(source, "x.py", ("n",))


IDS = st.one_of(
    st.text("0123456789abcdef", min_size=1, max_size=12),
    st.text("abc'\"\\é€ #,{}\n\t", min_size=1, max_size=6),
)
DOWNS = st.lists(IDS, max_size=3, unique=True).map(tuple)


@st.composite
def literals(draw: st.DrawFn, down: tuple[str, ...]) -> str:
    """Any spelling of these parents."""
    parts = [draw(st.sampled_from([repr(id_), ascii(id_), f'"{id_}"', f"r'{id_}'", f'"""{id_}"""'])) for id_ in down]
    for id_, part in zip(down, parts, strict=True):
        assume("\\" not in id_ or part[0] != '"')
        try:
            assume(ast.literal_eval(part) == id_)
        except (SyntaxError, ValueError):
            assume(False)
    if not parts:
        return draw(st.sampled_from(["None", "()", "[]", "(None,)", "(None)"]))
    gap = draw(st.sampled_from([", ", ",", ",\n    ", " , "]))
    opening, closing = draw(st.sampled_from(["()", "[]", "[]"]))
    comma = "," if len(parts) == 1 else draw(st.sampled_from(["", ","]))
    if len(parts) == 1 and draw(st.booleans()):
        return draw(st.sampled_from([parts[0], f"({parts[0]})", f"(\n    {parts[0]}\n)"]))
    return f"{opening}{gap.join(parts)}{comma}{closing}"


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, bytes, bytes, tuple[str, ...]]:
    """What stands before the literal, the literal, what stands behind it, and the parents that it names."""
    down = draw(DOWNS)
    name = draw(st.sampled_from(["down_revision", "down_revision: str", "down_revision: Union[str, None]"]))
    before = draw(st.sampled_from(["", "# down_revision = 'no'\n", "import os\n", "x = 'ä€😀'; "]))
    revises = draw(st.sampled_from(["", '"""add\n\nRevision ID: x\nRevises: old\n"""\n', "'''add'''\n"]))
    after = draw(st.sampled_from(["", "  # down_revision = 'x'", "; y = 'é'"]))
    rest = "\nbranch_labels = None\ndepends_on = ('q',)\n\n\ndef upgrade():\n    print('a')\n"
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252"]))
    cookie = "" if encoding.startswith("utf") else f"# -*- coding: {encoding} -*-\n"
    end = draw(st.sampled_from(["\n", "\r\n"]))
    texts = (f'{cookie}{revises}{before}revision = "x"\n{name} = ', draw(literals(down)), f"{after}{rest}")
    try:
        first, *others = (text.replace("\n", end).encode(encoding) for text in texts)
    except UnicodeEncodeError:
        assume(False)
    bom = b"\xef\xbb\xbf"
    return first, *(each.removeprefix(bom) for each in others), down


@settings(max_examples=400, deadline=None)
@given(files(), DOWNS)
@example((b'revision = "x"\ndown_revision = ', b"None", b"\n", ()), ("n",))
def test_only_the_literal_changes(file: tuple[bytes, bytes, bytes, tuple[str, ...]], down: tuple[str, ...]) -> None:
    before, literal, after, was = file
    source = before + literal + after
    parsed = parse_revision(source, "v/x.py")
    assume(isinstance(parsed, Revision))
    assert isinstance(parsed, Revision) and parsed.down == was
    edited = reparented(source, "v/x.py", down)
    now = parse_revision(edited, "v/x.py")
    assert isinstance(now, Revision)
    assert now._replace(line=1, down_line=1, stale=()) == parsed._replace(down=down, line=1, down_line=1, stale=())
    unlike = REVISES.sub(b"", edited)
    assert unlike.startswith(REVISES.sub(b"", before)) and unlike.endswith(after)
    if down == was:
        assert edited == source
    else:
        said = REVISES.search(edited)
        if said is not None and all(id_.isalnum() and id_.isascii() for id_ in down):
            assert said[0].decode().strip() == f"Revises: {', '.join(down)}".strip()
    assert reparented(edited, "v/x.py", was) is not None


@settings(max_examples=300, deadline=None)
@given(st.text("dr_evison= '\"()[],\\\n#abN:;é1", max_size=60), DOWNS)
def test_whatever_a_file_holds_it_is_edited_right_or_refused(text: str, down: tuple[str, ...]) -> None:
    source = f'revision = "x"\ndown_revision = "a"\n{text}\n'.encode()
    try:
        edited = reparented(source, "v/x.py", down)
    except Uneditable:
        return
    now = parse_revision(edited, "v/x.py")
    assert isinstance(now, Revision) and now.down == down
