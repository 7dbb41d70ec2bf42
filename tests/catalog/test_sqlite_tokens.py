"""SQLite's tokens and their canonical text."""

from __future__ import annotations

import pytest

from driftguard.catalog.sqlite.tokens import NotUnderstood, expression, fold, identifier, query, tokenize, verbatim

NAMES = frozenset({"age", "first name", "order", "t", "left", "it`s"})


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        pytest.param("Age>0", "age > 0", id="space and case"),
        pytest.param("((AGE))", "age", id="parentheses around the whole"),
        pytest.param("(age) + (1)", "(age) + (1)", id="parentheses around parts"),
        pytest.param('"AGE"', "age", id="a name in double quotes"),
        pytest.param('"Active"', "'Active'", id="a string in double quotes"),
        pytest.param("[Active]", "active", id="brackets are never a string"),
        pytest.param("`it``s`", '"it`s"', id="a doubled backtick"),
        pytest.param('"T"."What"', "t.what", id="a name behind a dot"),
        pytest.param('"Lower" (age)', "lower(age)", id="a quoted function"),
        pytest.param('"First Name"', '"first name"', id="a name that needs its quotes"),
        pytest.param('"order" order', '"order" order', id="a quoted keyword is no keyword"),
        pytest.param('"left" Left', "left left", id="a keyword that can be a name"),
        pytest.param("'It''s  -- A'", "'It''s  -- A'", id="a string stays as it is"),
        pytest.param("x'ab' X'AB'", "x'AB' x'AB'", id="blobs"),
        pytest.param("1E5 .5 0xFf 1.50", "1e5 .5 0xff 1.50", id="numbers"),
        pytest.param("a||b->'$'->>'x'<<2", "a || b -> '$' ->> 'x' << 2", id="long operators"),
        pytest.param("a - -1", "a - -1", id="a sign behind an operator"),
        pytest.param("-(-1) - ~x", "-(-1) - ~x", id="signs"),
        pytest.param("- - 1", "- -1", id="two signs do not become a comment"),
        pytest.param("a -- b\n + /* c */ 1 /* open", "a + 1", id="comments"),
        pytest.param("x IN('a','b')", "x in ('a', 'b')", id="a list"),
        pytest.param("größe > Ärger", "größe > Ärger", id="only ASCII letters have no case"),
        pytest.param("a$b", "a$b", id="a dollar inside a name"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_expressions(sql: str, text: str) -> None:
    assert expression(tokenize(sql), NAMES) == text
    assert expression(tokenize(text), NAMES) == text, "the text of the text is the text"


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        pytest.param("SELECT Age AS Total FROM T", "select age as Total from t", id="with AS"),
        pytest.param('SELECT Age "Total", 1 One FROM T', "select age Total, 1 One from t", id="without AS"),
        pytest.param("SELECT CAST(Age AS TEXT) FROM T", "select cast(age as text) from t", id="CAST gives no name"),
        pytest.param(
            "SELECT Age FROM T WHERE X.Age IS NULL", "select age from t where x.age is null", id="no name given"
        ),
    ],
)
def test_queries_keep_the_names_that_they_give(sql: str, text: str) -> None:
    assert query(tokenize(sql), NAMES) == text


@pytest.mark.parametrize("sql", [pytest.param(f"a {quote}b", id=f"an open {quote}") for quote in "'\"`["])
def test_an_open_quote_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        tokenize(sql)


def test_verbatim_keeps_case_and_quotes() -> None:
    assert verbatim(tokenize('FTS5( Title,\n tokenize = "Porter" )')) == 'FTS5(Title, tokenize = "Porter")'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("Name", "Name", id="a plain one"),
        pytest.param("select", '"select"', id="a reserved one"),
        pytest.param("1st", '"1st"', id="a digit first"),
        pytest.param('a"b', '"a""b"', id="a quote inside"),
        pytest.param("", '""', id="an empty one"),
    ],
)
def test_identifiers(name: str, text: str) -> None:
    assert identifier(name) == text


def test_fold_knows_ascii_only() -> None:
    assert fold("ÄA") == "Äa"
