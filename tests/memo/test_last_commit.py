"""What a record says of the last commit, and how that is compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import Guarded

from driftguard.memo.ask import LIST, LIST_COMMITTED, find
from driftguard.memo.index import Index, as_staged
from driftguard.memo.record import Answer, Around, Live, Record, Staged, dump, load
from driftguard.memo.shelf import Shelf
from driftguard.memo.world import values

AROUND = Around((), (), ((), False, values((), False, {})))
ANSWER = Answer(0, "plain", "coloured")


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    guarded = Guarded(tmp_path / "shop")
    guarded.root.mkdir()
    guarded.git("init", "--quiet")
    for path in ("models.py", "versions/a.py", "versions-old/b.py", "größer/d e.py", "tab\there.py", "z.sql"):
        guarded.write(path, path)
    (guarded.root / "link.py").symlink_to("models.py")
    (guarded.root / "z.sql").chmod(0o755)
    guarded.commit("first")
    return guarded


def listed(project: Guarded, *command: str) -> bytes:
    return project.git(*command).encode()


def staged_as(listing: bytes) -> Staged:
    index = Index(listing, (b"versions",))
    return Staged(tuple(index.locations), tuple(sorted(index.others - {b""})), index.names, (), ())


def test_a_commit_is_listed_as_if_it_were_staged(project: Guarded) -> None:
    assert as_staged(listed(project, *LIST_COMMITTED)) == listed(project, *LIST)


def test_a_record_is_read_as_it_was_written() -> None:
    staged = Staged(((b"versions", b"1"),), (b"entry",), b"names", (b"gone",), ())
    around = Around((("/a", (1, 2, 3, 4), b"d"),), (("/f", True, None, b""),), (("PATH",), True, b"v"))
    for head in (None, (staged, around)):
        found = load(dump(Record("maker", staged, AROUND, Live((), ()), ANSWER, head)))
        assert found is not None
        assert (found.head is None) == (head is None)
        if found.head:
            assert [getattr(found.head[0], name) for name in Staged.__slots__] == [
                getattr(staged, name) for name in Staged.__slots__
            ]
            assert found.head[1].files == around.files


@pytest.mark.parametrize(
    ("committed", "holds"),
    [
        pytest.param({}, True, id="the same commit"),
        pytest.param({"README": "x"}, True, id="what does not matter"),
        pytest.param({"models.py": "x"}, False, id="another model"),
        pytest.param({"versions/a.py": "x"}, False, id="another revision"),
        pytest.param({"more.py": "x"}, False, id="one more module"),
    ],
)
def test_a_record_holds_for_a_last_commit(project: Guarded, committed: dict[str, str], holds: bool) -> None:
    here = listed(project, *LIST)
    record = Record("maker", staged_as(here), AROUND, Live((), ()), ANSWER, (staged_as(here), AROUND))
    for path, text in committed.items():
        project.write(path, text)
    project.commit("next")
    project.git("read-tree", "HEAD~1")  # so that what is staged stays, and only the last commit is another
    shelf = Shelf(str(project.root / ".git/driftguard"))
    assert shelf.put(record)

    def ask_git(*commands: tuple[str, ...]) -> list[bytes]:
        return [b"" if command[0] == "diff-index" else listed(project, *command) for command in commands]

    assert (find(shelf, "maker", {}, ask_git) is not None) == holds
