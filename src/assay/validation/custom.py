"""Expectations of the user's own: classes of Great Expectations, in Python modules that the configuration names.

To import a module is to run it. Nothing but the user's own configuration names one: no suite and no data can.

Great Expectations keeps one register of classes and metrics for the whole process, in which the last of a name wins in
silence. Here what a file defines is in force until other modules are asked for, and no name is given twice. Audits
that name different files must not run at the same time in one process.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.errors import ConfigurationError
from assay.validation.engine import ONE_AT_A_TIME, known_kinds, library

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

# Of the modules that are made of files, so that no installed module is in their way.
_PREFIX = "assay_expectations_"
_KEY = "validation.expectation_modules"

# Names of the modules made of files that are in force.
_IN_FORCE: list[str] = []


def load_expectations(modules: Sequence[str]) -> None:
    """Import modules, so that Great Expectations knows the expectations that they define.

    Expectations of files that were named before and are not named now are forgotten; installed modules stay.

    Parameters
    ----------
    modules
        Paths that end in ".py", or names of installed modules.

    Raises
    ------
    ConfigurationError
        Where one is not there, cannot be imported, defines no expectation, or takes the name of an expectation or
        metric that there is already; one problem for each such module, of which then nothing is in force.
    """
    if not modules and not _IN_FORCE:
        return
    problems: list[str] = []
    with ONE_AT_A_TIME:
        _forget_files()
        for name in dict.fromkeys(modules):
            try:
                _load(name)
            except ConfigurationError as error:
                problems += error.problems
        known_kinds.cache_clear()
    if problems:
        raise ConfigurationError(problems)


@dataclass(frozen=True, slots=True)
class _Register:
    """What Great Expectations knows: classes by type of expectation; providers by metric and engine."""

    expectations: Mapping[str, Any]
    metrics: Mapping[tuple[str, str], Any]

    @classmethod
    def now(cls) -> _Register:
        """The register as it is."""
        expectations, metrics = _dictionaries()
        providers = {
            (name, engine): provider
            for name, item in metrics.items()
            for engine, provider in item["providers"].items()
        }
        return cls(dict(expectations), providers)

    def replaced(self, now: _Register) -> Iterator[str]:
        """Names that have another meaning now."""
        yield from (kind for kind, item in self.expectations.items() if now.expectations.get(kind) is not item)
        yield from (key[0] for key, item in self.metrics.items() if now.metrics.get(key) is not item)

    def put_back(self) -> None:
        """Let Great Expectations know this and nothing else."""
        expectations, metrics = _dictionaries()
        expectations.clear()
        expectations.update(self.expectations)
        providers: dict[str, dict[str, Any]] = {}
        for (name, engine), provider in self.metrics.items():
            providers.setdefault(name, {})[engine] = provider
        for name in set(metrics) - set(providers):
            del metrics[name]
        for name, item in metrics.items():
            item["providers"] = providers[name]

    def without(self, module: str) -> _Register:
        """The same, less what a module defines; engines remember the providers of their parents, those too."""
        return _Register(
            {kind: item for kind, item in self.expectations.items() if item.__module__ != module},
            {key: item for key, item in self.metrics.items() if item[0].__module__ != module},
        )


def _dictionaries() -> tuple[dict[str, Any], dict[str, Any]]:
    """Great Expectations' own, which nothing public can take an entry out of."""
    library()
    from great_expectations.expectations import registry

    return registry._registered_expectations, registry._registered_metrics  # noqa: SLF001


def _forget_files() -> None:
    while _IN_FORCE:
        name = _IN_FORCE.pop()
        sys.modules.pop(name, None)
        _Register.now().without(name).put_back()


def _load(name: str) -> None:
    before = _Register.now()
    module = None
    try:
        module = _import(name)
        _check(name, module, before)
    except ConfigurationError:
        before.put_back()
        if module is not None:
            sys.modules.pop(module.__name__, None)
        raise
    if module.__name__.startswith(_PREFIX):
        _IN_FORCE.append(module.__name__)


def _check(name: str, module: ModuleType, before: _Register) -> None:
    """Refuse a module that defines no expectation, or one whose name is taken."""
    from great_expectations.expectations.expectation import Expectation

    found: list[Any] = [item for item in vars(module).values() if isinstance(item, type)]
    own = [item for item in found if issubclass(item, Expectation) and item.__module__ == module.__name__]
    if not own:
        raise ConfigurationError(
            f"{_KEY}: {name} must define an expectation, a subclass of one of Great Expectations' classes, got none."
        )
    now = _Register.now()
    taken = {*before.replaced(now)}
    # A module that was imported before registers nothing again.
    taken |= {item.expectation_type for item in own if now.expectations.get(item.expectation_type, item) is not item}
    if taken:
        raise ConfigurationError(
            f"{_KEY}: {name} must give its expectations and metrics names of their own, got "
            f"{', '.join(sorted(taken))}, which there are already. Rename the class or the metric."
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
    name = _PREFIX + hashlib.sha256(str(path).encode() + b"\0" + content).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # As the import statement does: dataclasses and pydantic look their module up.
    sys.modules[name] = module
    try:
        # Not by the loader, whose cache takes a file of equal size and second for the same.
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 -- named by the user
    except BaseException:
        del sys.modules[name]
        raise
    return module
