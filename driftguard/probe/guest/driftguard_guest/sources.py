"""Where the project's source declares the tables of a metadata."""

import importlib
import inspect
import os
import sys


def describe(metadatas, root):
    """The classes below ``root`` that map each table, and every loaded module file below it."""
    mapped, own = _mapped_classes(), _OwnFiles(root)
    tables = [
        {
            "schema": table.schema or "",
            "table": table.name,
            "classes": _classes(mapped.get(table), table, own),
        }
        for metadata in metadatas
        for table in metadata.tables.values()
    ]
    return {"tables": tables, "files": _loaded_files(own)}


def _mapped_classes():
    registries = importlib.import_module("sqlalchemy.orm.mapper")._all_registries()
    mappers = [mapper for registry in list(registries) for mapper in list(registry.mappers)]
    return {mapper.local_table: mapper for mapper in reversed(mappers)}


def _classes(mapper, table, own):
    if mapper is None:
        return []
    attributes = [
        [column.name, mapper._columntoproperty[column].key]
        for column in table.columns
        if column in mapper._columntoproperty
    ]
    described = []
    for cls in mapper.class_.__mro__:
        file = _file_of(cls, own)
        if file:
            described.append({"file": file, "qualname": cls.__qualname__, "attributes": attributes})
    return described


def _file_of(cls, own):
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is None:  # env.py itself is loaded under a name that Alembic takes back
        try:
            file = inspect.getsourcefile(cls)
        except (OSError, TypeError):
            return ""
    return own.real(file) if file else ""


def _loaded_files(own):
    files = {own.real(file) for module in list(sys.modules.values()) if (file := _module_file(module))}
    return sorted(file for file in files if file.endswith(".py"))


def _module_file(module):
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


class _OwnFiles:
    """Tells the project's files below ``root`` from what is installed there."""

    def __init__(self, root):
        self._root = os.path.realpath(root) + os.sep
        self._installed = os.path.realpath(sys.prefix) + os.sep
        self._packages = "{0}site-packages{0}".format(os.sep)
        self._folders = {}

    def real(self, file):
        """The path without links of a file that is the project's own, else ""."""
        folder, name = os.path.split(file)
        if folder not in self._folders:  # looking at every folder of every path takes longest
            self._folders[folder] = os.path.realpath(folder)
        real = os.path.join(self._folders[folder], name)
        if os.path.islink(real):
            real = os.path.realpath(real)
        installed = self._packages in real or real.startswith(self._installed)
        return real if real.startswith(self._root) and not installed else ""
