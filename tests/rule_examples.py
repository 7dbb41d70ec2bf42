"""A small example for each rule: what makes it speak, and what keeps it silent.

The tests run them (``test_rule_examples.py``), and the rules' pages show them (``docs/generate.py``). Each begins with
the sample project ``projects/plain``, committed, its live database at head.
"""

from __future__ import annotations

from typing import NamedTuple

from driftguard.rules import Rule

FIRST, LEFT, RIGHT, MERGE = "3f2a8c01b7de", "7bd0e1f6a934", "e2f7708bb641", "c41d7e90ab35"
MODELS, ENV, BEGIN = "models.py", "migrations/env.py", f"migrations/versions/{FIRST}_begin.py"
SETTINGS = "driftguard.toml"


class Write(NamedTuple):
    """A file is written."""

    path: str
    text: str


class Replace(NamedTuple):
    """Lines of a file are replaced by others; ``was`` must be there."""

    path: str
    was: str
    now: str


class Type(NamedTuple):
    """A command is typed in the project's folder."""

    command: str


class Sql(NamedTuple):
    """A statement is run on the live database by hand."""

    statement: str


Step = Write | Replace | Type | Sql


class Case(NamedTuple):
    """What somebody does, in words and in steps."""

    says: str
    steps: tuple[Step, ...] = ()


class Example(NamedTuple):
    """``told`` makes the rule speak, with this message; after ``silent`` nothing is told at all.

    ``options`` are those of ``driftguard check``, or of another ``command``, as they are typed.
    """

    told: Case
    message: str
    silent: Case
    options: str = ""
    silent_options: str = ""
    command: str = "check"


def headline(rule: Rule, example: Example) -> str:
    """The first line of what is told."""
    return f"{rule.severity}[{rule.code}] {rule.name}: {example.message}"


def revision(id_: str, down: str, body: str, name: str) -> Write:
    """A revision file."""
    text = f'''"""{name}"""

import sqlalchemy as sa
from alembic import op

revision = "{id_}"
down_revision = {down}


def upgrade():
    {body}
'''
    return Write(f"migrations/versions/{id_}_{name}.py", text)


def on_a_branch(up: str, back: str, name: str) -> tuple[Step, ...]:
    """A revision with its way back, committed on a branch of its own."""
    new = revision(LEFT, f'"{FIRST}"', up, name)
    both = new._replace(text=f"{new.text}\n\ndef downgrade():\n    {back}\n")
    return (Type("git checkout --quiet -b mine"), both, *commit(name))


def colour(down: str = FIRST, id_: str = LEFT) -> Write:
    """A revision for a column of the shelves."""
    return revision(id_, f'"{down}"', 'op.add_column("shelves", sa.Column("colour", sa.String(10)))', "colour")


def weight(down: str = FIRST, id_: str = RIGHT) -> Write:
    """A revision for a column of the items."""
    return revision(id_, f'"{down}"', 'op.add_column("items", sa.Column("weight", sa.Integer()))', "weight")


def merge(id_: str, name: str) -> Write:
    """A revision that joins both."""
    return revision(id_, f'("{LEFT}", "{RIGHT}")', "pass", name)


def column(name: str, kind: str, after: str) -> Replace:
    """One more column of a model."""
    return Replace(MODELS, after, f"{after}    {name} = Column({kind})\n")


def commit(message: str) -> tuple[Step, ...]:
    """Everything is committed."""
    return Type("git add ."), Type(f"git commit -q -m {message}")


LABEL = "    label = Column(String(20), nullable=False, unique=True)\n"
PRICE = "    price = Column(Numeric(8, 2))\n"
COLOUR = column("colour", "String(10)", LABEL)
WEIGHT = column("weight", "Integer", PRICE)
BRANCH = Type("git switch -q -c feature")
AS_IT_WAS = Case("The project as it was before.")
IN_A_LINE = Case("One comes behind the other.", (colour(), weight(LEFT)))
PARTED = (BRANCH, colour(), *commit("colour"), Type("git switch -q main"), weight(), *commit("weight"))
RELEASED = (colour(), *commit("colour"), BRANCH)
RENAME = 'op.alter_column("items", "price", new_column_name="cost")'
LABEL_MADE = '        sa.Column("label", sa.String(20), nullable=False),\n'
MOVED = Replace(f"migrations/versions/{LEFT}_colour.py", f'down_revision = "{FIRST}"\n', f'down_revision = "{RIGHT}"\n')
COST = Replace(MODELS, PRICE, PRICE.replace("price", "cost"))
CONFIGURE = "    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)\n"
ALTER = """with op.batch_alter_table("shelves") as shelves:
        shelves.alter_column("label", type_=sa.String({}))"""
LONGER, SHORTER = ALTER.format(30), ALTER.format(10)
CHECKED = (
    Replace(
        MODELS,
        "from sqlalchemy import Column, ForeignKey, Integer, Numeric, String\n",
        "from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Numeric, String\n",
    ),
    Replace(MODELS, PRICE, f'{PRICE}    __table_args__ = (CheckConstraint("price > 0", name="positive"),)\n'),
)
ADD_CHECK = """with op.batch_alter_table("items") as items:
        items.create_check_constraint("positive", "price > 0")"""
NEEDS_KEY = Replace(
    MODELS, "Base = declarative_base()\n", 'import os\n\nBase = declarative_base()\nKEY = os.environ["SHOP_KEY"]\n'
)

PRICED = 'op.create_index("ix_price", "items", ["price"])'
EXAMPLES: dict[str, Example] = {
    "DG101": Example(
        Case("Two revisions follow the same one.", (colour(), weight())),
        f"{LEFT} and {RIGHT} both follow {FIRST}, and no revision joins them",
        IN_A_LINE,
        "--select DG1",
    ),
    "DG102": Example(
        Case("A branch and its base branch each got a revision.", (*PARTED, Type("git switch -q feature"))),
        f"merged with main: {LEFT} and {RIGHT} both follow {FIRST}, and no revision joins them",
        Case(
            "The branch took the base branch in, and its revision follows that one's.",
            (weight(), *commit("weight"), BRANCH, colour(RIGHT), *commit("colour")),
        ),
        "--select DG1 --base main",
    ),
    "DG103": Example(
        Case("The parent is in no file.", (colour("9c2e5d1f0c3a"),)),
        f"down_revision of {LEFT} names '9c2e5d1f0c3a', and no revision file has that id",
        Case("The parent is the revision that is there.", (colour(),)),
        "--select DG1",
    ),
    "DG104": Example(
        Case("A file was copied, and its id with it.", (colour(), weight(id_=LEFT))),
        f"revision id '{LEFT}' is in 2 files; Alembic runs only migrations/versions/{LEFT}_weight.py",
        Case("Each has an id of its own.", (colour(), weight(LEFT))),
        "--select DG1",
    ),
    "DG105": Example(
        Case("Each names the other as its parent.", (colour(RIGHT), weight(LEFT))),
        f"these revisions come after themselves: {LEFT} after {RIGHT}, {RIGHT} after {LEFT}",
        IN_A_LINE,
        "--select DG1",
    ),
    "DG106": Example(
        Case(
            "A column of a released revision was made longer, in that revision.",
            (BRANCH, Replace(BEGIN, LABEL_MADE, LABEL_MADE.replace("20", "30"))),
        ),
        f"what revision {FIRST} runs was changed, and main already has it",
        Case("A new revision makes it longer.", (BRANCH, revision(LEFT, f'"{FIRST}"', LONGER, "longer"))),
        "--select DG1 --base main",
    ),
    "DG107": Example(
        Case(
            "A released revision was put behind one that exists nowhere else.",
            (*RELEASED, weight(), MOVED),
        ),
        f"revision {LEFT} follows {RIGHT} here, but {FIRST} in main, which already has it",
        Case("The new revision comes behind the released one.", (*RELEASED, weight(LEFT))),
        "--select DG107 --base main",
    ),
    "DG108": Example(
        Case("A released revision was deleted.", (*RELEASED, Type(f"git rm -q migrations/versions/{LEFT}_colour.py"))),
        f"revision {LEFT} is gone, and main still has it",
        Case(
            "A new revision takes it back.",
            (*RELEASED, revision(RIGHT, f'"{LEFT}"', 'op.drop_column("shelves", "colour")', "no_colour")),
        ),
        "--select DG1 --base main",
    ),
    "DG109": Example(
        Case(
            "A new revision was slid in below a released one.",
            (*RELEASED, weight(), MOVED),
        ),
        f"the new revision {RIGHT} lies below {LEFT}, which main already has",
        Case("The new revision comes behind the released one.", (*RELEASED, weight(LEFT))),
        "--select DG109 --base main",
    ),
    "DG110": Example(
        Case(
            "Two people joined the same two heads.",
            (colour(), weight(), merge(MERGE, "join"), merge("90d2f6a3b17c", "join_again")),
        ),
        f"90d2f6a3b17c and {MERGE} both merge {LEFT} and {RIGHT}",
        Case("They are joined once.", (colour(), weight(), merge(MERGE, "join"))),
        "--select DG110",
    ),
    "DG111": Example(
        Case(
            "Two branches give one column two lengths.",
            (
                revision(LEFT, f'"{FIRST}"', LONGER, "longer"),
                revision(RIGHT, f'"{FIRST}"', SHORTER, "shorter"),
                merge(MERGE, "join"),
            ),
        ),
        f"{LEFT} alters shelves.label, {RIGHT} alters shelves.label, and {MERGE} joins them in no order",
        Case("They touch different tables.", (colour(), weight(), merge(MERGE, "join"))),
        "--select DG1",
    ),
    "DG112": Example(
        Case(
            "A merge left its marks.",
            (Write(f"migrations/versions/{LEFT}_colour.py", f'<<<<<<< ours\nrevision = "{LEFT}"\n=======\n'),),
        ),
        f"migrations/versions/{LEFT}_colour.py does not say which revision it is: it has "
        "conflict markers of an unfinished merge",
        Case("The file says which revision it is.", (colour(),)),
        "--select DG1",
    ),
    "DG113": Example(
        Case(
            "The file was copied, and its docstring still speaks of the other one.",
            (Write(weight(LEFT).path, weight().text.replace('"weight"', f'"weight\n\nRevises: {MERGE}\n"', 1)),),
        ),
        f"the docstring says 'Revises: {MERGE}', but this revision follows {FIRST}",
        Case("The docstring says what the code says.", (weight(),)),
        "--select DG1",
    ),
    "DG114": Example(
        Case("Somebody typed the id.", (colour(id_="a1b2c3d4e5f6"),)),
        "the revision id a1b2c3d4e5f6 is a pattern that others will think of too",
        Case("Alembic chose it.", (colour(),)),
        "--select DG1",
    ),
    "DG115": Example(
        Case("Of two new revisions one was added.", (colour(), weight(LEFT), Type(f"git add {weight().path}"))),
        f"revision {LEFT} is not in this commit: it is untracked",
        Case("Both were.", (colour(), weight(LEFT), Type("git add migrations"))),
        "--staged --select DG115",
    ),
    "DG201": Example(
        Case("A model has a column more, and no revision adds it.", (COLOUR,)),
        "shelves.colour is in the models but in no revision",
        Case("A revision adds it.", (COLOUR, colour())),
        "--live off",
    ),
    "DG202": Example(
        Case("A column has another name, and no revision says so.", (COST,)),
        "items.price is dropped and items.cost, which is alike, is added: autogenerate would lose the values",
        Case(
            "A revision renames it.",
            (COST, revision(LEFT, f'"{FIRST}"', RENAME, "cost")),
        ),
        "--live off --select DG202",
    ),
    "DG203": Example(
        Case(
            "A model has a check that no revision adds; autogenerate does not look at checks.",
            CHECKED,
        ),
        "check positive of items is in the models but in no revision; autogenerate does not see it",
        Case("A revision adds it.", (*CHECKED, revision(LEFT, f'"{FIRST}"', ADD_CHECK, "positive"))),
        "--live off",
    ),
    "DG205": Example(
        Case(
            "`env.py` names no metadata.",
            (Replace(ENV, CONFIGURE, CONFIGURE.replace("Base.metadata", "None")),),
        ),
        "target_metadata is None, while the revisions build 2 tables",
        AS_IT_WAS,
        "--live off",
    ),
    "DG301": Example(
        Case("Somebody drops a column in a console.", (Sql("ALTER TABLE items DROP COLUMN price"),)),
        f"items.price was dropped directly: the revisions up to {FIRST} have it, the live database has not",
        AS_IT_WAS,
    ),
    "DG302": Example(
        Case("A revision was written, and the database has not run it.", (COLOUR, colour())),
        f"the live database is at {FIRST}, 1 revision behind head",
        Case("It has.", (COLOUR, colour(), Type("alembic upgrade head"))),
    ),
    "DG303": Example(
        Case(
            "The database was upgraded on a branch, and that branch was left.",
            (Sql("UPDATE alembic_version SET version_num = '9c2e5d1f0c3a'"),),
        ),
        "the live database is stamped 9c2e5d1f0c3a, which no revision file here has; no "
        "branch or commit of this repository has it",
        AS_IT_WAS,
    ),
    "DG304": Example(
        Case("A dump was read in without the version table.", (Sql("DROP TABLE alembic_version"),)),
        f"the live database has 2 tables but no version table: it holds what {FIRST} builds",
        AS_IT_WAS,
    ),
    "DG305": Example(
        Case(
            "The tables were dropped to begin anew, and the stamp stayed.",
            (Sql("DROP TABLE items"), Sql("DROP TABLE shelves")),
        ),
        f"the live database is stamped {FIRST} but has none of the tables that the revisions up to it create",
        AS_IT_WAS,
    ),
    "DG306": Example(
        Case("The database ran two branches.", (colour(), weight(), Type("alembic upgrade heads"))),
        f"the live database is stamped {LEFT} and {RIGHT}, and no revision joins them",
        Case("A revision joins them.", (colour(), weight(), Type("alembic upgrade heads"), merge(MERGE, "join"))),
        "--select DG306",
    ),
    "DG401": Example(
        Case(
            "A revision drops what no revision made.",
            (revision(LEFT, f'"{FIRST}"', 'op.drop_table("legacy")', "no_legacy"),),
        ),
        f"revision {LEFT} fails on an empty database: OperationalError: no such table: legacy",
        Case(
            "It drops it only where it is.",
            (revision(LEFT, f'"{FIRST}"', 'op.execute("DROP TABLE IF EXISTS legacy")', "no_legacy"),),
        ),
        "--live off",
    ),
    "DG402": Example(
        Case(
            "The downgrade misspells the index that the upgrade made.",
            on_a_branch(PRICED, 'op.drop_index("ix_prices", "items")', "index"),
        ),
        f"revision {LEFT} cannot be undone: OperationalError: no such index: ix_prices",
        Case("It drops that index.", on_a_branch(PRICED, 'op.drop_index("ix_price", "items")', "index")),
        "--base main --select DG402",
        command="ci",
    ),
    "DG403": Example(
        Case("The downgrade does nothing.", on_a_branch(PRICED, "pass", "index")),
        f"the downgrade of revision {LEFT} does not lead back to where it began: 1 difference",
        Case("It drops the index.", on_a_branch(PRICED, 'op.drop_index("ix_price", "items")', "index")),
        "--base main --select DG403",
        command="ci",
    ),
    "DG407": Example(
        Case(
            "One branch renames a column, the other makes an index on it.",
            (
                revision(LEFT, f'"{FIRST}"', RENAME, "cost"),
                revision(RIGHT, f'"{FIRST}"', 'op.create_index("ix_price", "items", ["price"])', "index"),
                merge(MERGE, "join"),
            ),
        ),
        f"revision {RIGHT} fails where the side of {LEFT} runs before that of {RIGHT}, "
        "and the other way round both go through: OperationalError: no such column: price",
        Case("They touch different tables.", (colour(), weight(), merge(MERGE, "join"))),
        "--live off --select DG407",
    ),
    "DG901": Example(
        Case("The models need a variable that is not set.", (NEEDS_KEY,)),
        "KeyError: 'SHOP_KEY'",
        Case(
            "The settings give it a harmless value.",
            (
                NEEDS_KEY,
                Write(SETTINGS, '[env]\nSHOP_KEY = "not-a-secret"\n'),
            ),
        ),
        "--live off",
    ),
    "DG902": Example(
        Case(
            "The settings name an interpreter that is not there.", (Write(SETTINGS, 'python = "nowhere/bin/python"\n'),)
        ),
        "python = 'nowhere/bin/python' in the settings: there is no such interpreter",
        Case("driftguard finds the active virtual environment by itself."),
        "--live off",
    ),
    "DG903": Example(
        Case(
            "The settings name a server for shadows that does not answer.",
            (
                Write(SETTINGS, 'shadow = "postgresql+psycopg://nobody@127.0.0.1:9/none"\n'),
                Replace(
                    "alembic.ini",
                    "sqlalchemy.url = sqlite:///shop.db\n",
                    "sqlalchemy.url = postgresql+psycopg:///shop\n",
                ),
            ),
        ),
        "the server for shadow databases: OperationalError: connection failed",
        Case("SQLite needs no server."),
        "--live off",
    ),
    "DG904": Example(
        Case("The database that is asked for is not there."),
        "nowhere.db could not be compared: there is no such file",
        Case("The one that `env.py` configures is there."),
        "--live sqlite:///nowhere.db",
        silent_options="--live sqlite:///shop.db",
    ),
    "DG905": Example(
        Case(
            "`env.py` waits for something, longer than it may.",
            (
                Replace(ENV, "import os\n", "import os\nimport time\n\ntime.sleep(60)\n"),
                Write(SETTINGS, "deadline = 3\n"),
            ),
        ),
        "running env.py and the revisions on a shadow was ended: the environment's 3 seconds were over",
        AS_IT_WAS,
        "--live off",
    ),
}
