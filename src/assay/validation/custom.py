"""Expectations of the user's own: classes of Great Expectations, in Python modules that the configuration names.

To import a module is to run it. Nothing but the user's own configuration names one: no suite and no data can.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigurationError
from assay.validation.engine import known_kinds, library

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

# Of the modules that are made of files, so that no installed module is in their way.
_PREFIX = "assay_expectations_"
_KEY = "validation.expectation_modules"


def load_expectations(modules: Sequence[str]) -> None:
    """Import modules, so that Great Expectations knows the expectations that they define.

    Parameters
    ----------
    modules
        Paths that end in ".py", or names of installed modules.

    Raises
    ------
    ConfigurationError
        Where one is not there, cannot be imported, defines no expectation, or takes the name of one that there is
        already; one problem for each such module.
    """
    if not modules:
        return
    problems: list[str] = []
    for name in modules:
        try:
            _load(name)
        except ConfigurationError as error:
            problems += error.problems
    known_kinds.cache_clear()
    if problems:
        raise ConfigurationError(problems)


def _load(name: str) -> None:
    library()
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.registry import _registered_expectations as registered

    before = dict(registered)
    module = _import(name)
    own = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Expectation)]
    if not any(item.__module__ == module.__name__ for item in own):
        raise ConfigurationError(
            f"{_KEY}: {name} must define an expectation, a subclass of one of Great Expectations' classes, got none."
        )
    taken = [kind for kind, item in before.items() if registered.get(kind) is not item and not _is_own(item)]
    if taken:
        registered.update({kind: before[kind] for kind in taken})
        raise ConfigurationError(
            f"{_KEY}: {name} must give its expectations names of their own, got {', '.join(sorted(taken))}, which "
            "there are already. Rename the class."
        )


def _import(name: str) -> ModuleType:
    try:
        return _from_file(Path(name)) if name.endswith(".py") else importlib.import_module(name)
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:  # whatever it is: the code is the user's, and so is the mistake
        raise ConfigurationError(
            f"{_KEY}: {name} cannot be imported: {type(error).__name__}: {error}. Correct it, or leave it out."
        ) from error


def _from_file(path: Path) -> ModuleType:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{_KEY}: {path} cannot be read: {error.strerror}. Correct the path.") from error
    # Of one content there is one module, whose classes are registered once.
    name = _PREFIX + hashlib.sha256(str(path).encode() + b"\0" + content).hexdigest()[:16]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As the import statement does: dataclasses and pydantic look their module up.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_own(item: Any) -> bool:
    """Whether a registered class came from a file that has been edited since."""
    kind = item if isinstance(item, type) else type(item)
    return kind.__module__.startswith(_PREFIX)
