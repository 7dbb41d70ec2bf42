"""Run by whatever Python: what each piece of code from standard input, in a child of its own, is recorded to look at.

Arguments: the guest's folder, and one to work in. Python 3.8 syntax, like the guest.
"""

import json
import os
import sys
from pathlib import Path

FILES = {
    "a.txt": "a",
    "sub/b.txt": "b",
    "settings.ini": "[shop]\nname = a\n",
    "module.py": "x = 1\n",
    "package/__init__.py": "",
    "package/data.txt": "data",
    "versions/1f.py": "revision = '1f'\n",
}


def record(code, folder):
    """In the child: where ``code`` runs, the folder is the present one and on the search path."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    from driftguard_guest import recording

    recording.begin()
    names = {"__name__": "project", "folder": folder}
    exec(compile(code, "<project>", "exec"), names)
    return recording.recorded()


def in_child(code, folder):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            answer = record(code, folder)
        except BaseException as error:
            answer = {"failed": f"{type(error).__name__}: {error}"}
        with os.fdopen(writer, "w") as file:
            json.dump(answer, file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = json.load(file)
    os.waitpid(child, 0)
    return answer


def main(guest_folder, place):
    sys.path.insert(0, guest_folder)
    answers = []
    for number, code in enumerate(json.load(sys.stdin)):
        folder = Path(place, str(number))
        for name, text in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "link").symlink_to("a.txt")
        answers.append(in_child(code, str(folder)))
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
