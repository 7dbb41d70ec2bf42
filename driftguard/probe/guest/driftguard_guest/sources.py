"""Where the project's source declares the tables of a metadata."""

import importlib
import inspect
import os
import sys


def describe(metadatas, root):
    """The classes below ``root`` that map each table, and every loaded module file below it."""
    mapped = _mapped_classes()
    tables = [
        {
            "schema": table.schema or "",
            "table": table.name,
            "classes": _classes(mapped.get(table), table, root),
        }
        for metadata in metadatas
        for table in metadata.tables.values()
    ]
    return {"tables": tables, "files": _loaded_files(root)}


def _mapped_classes():
    registries = importlib.import_module("sqlalchemy.orm.mapper")._all_registries()
    mappers = [mapper for registry in list(registries) for mapper in list(registry.mappers)]
    return {mapper.local_table: mapper for mapper in reversed(mappers)}


def _classes(mapper, table, root):
    if mapper is None:
        return []
    attributes = [
        [column.name, mapper._columntoproperty[column].key]
        for column in table.columns
        if column in mapper._columntoproperty
    ]
    described = []
    for cls in mapper.class_.__mro__:
        file = _file_of(cls, root)
        if file:
            described.append({"file": file, "qualname": cls.__qualname__, "attributes": attributes})
    return described


def _file_of(cls, root):
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file is None:  # env.py itself is loaded under a name that Alembic takes back
        try:
            file = inspect.getsourcefile(cls)
        except (OSError, TypeError):
            return ""
    file = os.path.realpath(file) if file else ""
    return file if _is_projects_own(file, root) else ""


def _loaded_files(root):
    files = {os.path.realpath(file) for module in list(sys.modules.values()) if (file := _module_file(module))}
    return sorted(file for file in files if file.endswith(".py") and _is_projects_own(file, root))


def _module_file(module):
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def _is_projects_own(file, root):
    inside = file.startswith(os.path.realpath(root) + os.sep)
    installed = "{0}site-packages{0}".format(os.sep) in file or file.startswith(os.path.realpath(sys.prefix) + os.sep)
    return inside and not installed
