"""Reading `audit.yaml`: every mistake at once, with its line, and the key that was probably meant."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from assay.config import AuditConfig
from assay.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

Location = tuple[int | str, ...]
CONFIG_NAME = "audit.yaml"


class _Loader(yaml.SafeLoader):
    """Safe YAML in which only true and false are booleans: `positive: yes` means the label "yes"."""

    yaml_implicit_resolvers = {  # noqa: RUF012 -- the name and type are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_TRUE_FALSE = yaml.resolver.re.compile("^(?:true|false|True|False|TRUE|FALSE)$")  # type: ignore[attr-defined]
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _TRUE_FALSE, list("tTfF"))


def load_config(path: str | Path) -> AuditConfig:
    """Read an `audit.yaml`; relative paths in it become relative to the file.

    Parameters
    ----------
    path
        The file, or the folder in which it is called audit.yaml.

    Raises
    ------
    ConfigurationError
        Where the file is missing, is not YAML, or breaks the schema; one problem for each mistake, with its line
        where that can be told.
    """
    path = Path(path)
    if path.is_dir():
        path /= CONFIG_NAME
    text = _read(path)
    try:
        node = yaml.compose(text, Loader=_Loader)
        values = yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigurationError(f"{path}{line}: not valid YAML: {what}. Correct it.") from error
    except ValueError as error:  # such as a date on the 13th month
        raise ConfigurationError(f"{path}: not valid YAML: {error}. Correct the value, or quote it.") from error
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{path} must be a mapping such as 'label: approved'. `assay init DATA --label COLUMN` writes a first one."
        )
    lines = dict(_lines(node))
    repeated = [f"{path}, line {line}: key '{key}' is given twice." for key, line in _repeated(node)]
    if repeated:
        raise ConfigurationError(repeated)
    return parse_config(values, base=path.resolve().parent, name=str(path), lines=lines, needs_source=True)


def parse_config(
    values: Mapping[str, Any],
    *,
    base: Path | None = None,
    name: str = "configuration",
    lines: Mapping[Location, int] | None = None,
    needs_source: bool = False,
) -> AuditConfig:
    """Turn plain values into an `AuditConfig`.

    Parameters
    ----------
    values
        As YAML would give them.
    base
        Directory that relative paths refer to; by default the working directory.
    name
        What error messages call the source of the values.
    lines
        Line of each key, by its location.
    needs_source
        Whether `data`, where it is given, must say where the data are; they may be a frame in Python otherwise.

    Raises
    ------
    ConfigurationError
        With all mistakes.
    """
    try:
        config = AuditConfig.model_validate(dict(values), context={"needs_source": needs_source})
    except ValidationError as error:
        problems = [_describe(details, name, lines or {}) for details in error.errors()]
        raise ConfigurationError(list(dict.fromkeys(problems))) from error
    return _resolve_paths(config, base or Path.cwd())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{path} does not exist. `assay init DATA --label COLUMN` writes a first configuration."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise ConfigurationError(f"{path} cannot be read: {reason}.") from error


def _lines(node: yaml.Node | None, at: Location = (), above: tuple[int, ...] = ()) -> Iterator[tuple[Location, int]]:
    if id(node) in above:  # an alias to what it stands in
        return
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, key.value)
            yield here, key.start_mark.line + 1
            yield from _lines(value, here, above)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*at, index), item.start_mark.line + 1
            yield from _lines(item, (*at, index), above)


def _repeated(node: yaml.Node | None, above: tuple[int, ...] = ()) -> Iterator[tuple[str, int]]:
    if id(node) in above:
        return
    above = (*above, id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            yield from _repeated(value, above)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated(item, above)


def _describe(error: ErrorDetails, name: str, lines: Mapping[Location, int]) -> str:
    location = error["loc"]
    dotted = ".".join(str(part) for part in location)
    place = f"{name}, line {line}" if (line := _line(location, lines)) else name
    match error["type"]:
        case "extra_forbidden":
            return f"{place}: unknown key '{dotted}'{_suggest(location)}"
        case "missing":
            return f"{place}: key '{dotted}' is missing."
        case _:
            message = error["msg"].removeprefix("Value error, ").rstrip(".")
            value = error["input"]
            shown = f", got {value!r}" if isinstance(value, str | int | float) else ""
            return f"{place}: {dotted + ': ' if dotted else ''}{message}{shown}."


def _line(location: Location, lines: Mapping[Location, int]) -> int | None:
    while location:
        if location in lines:
            return lines[location]
        location = location[:-1]
    return None


def _suggest(location: Location) -> str:
    known = _keys_at(location[:-1])
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"; did you mean '{near[0]}'?" if near else f"; known keys are {', '.join(known)}."


def _keys_at(location: Location) -> list[str]:
    model: type[BaseModel] = AuditConfig
    for part in location:
        if isinstance(part, str) and part in model.model_fields:
            found = _model_in(model.model_fields[part].annotation)
            model = found or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        if (found := _model_in(inner)) is not None:
            return found
    return None


def _resolve_paths(config: AuditConfig, base: Path) -> AuditConfig:
    def absolute(path: Path | None) -> Path | None:
        try:
            return None if path is None else (base / path.expanduser()).resolve()
        except (RuntimeError, ValueError) as error:  # no such user's home; a NUL character
            raise ConfigurationError(
                f"{path} must be a path that exists here, got one that cannot: {error}."
            ) from error

    data = config.data and config.data.model_copy(
        update={"path": absolute(config.data.path), "connection": _absolute_sqlite(config.data.connection, base)}
    )
    modules = tuple(
        str(absolute(Path(name))) if name.endswith(".py") else name for name in config.validation.expectation_modules
    )
    validation = config.validation.model_copy(
        update={"suite": absolute(config.validation.suite), "expectation_modules": modules}
    )
    learning = config.learning.model_copy(update={"pred_probs": absolute(config.learning.pred_probs)})
    label_noise = config.label_noise.model_copy(update={"review": absolute(config.label_noise.review)})
    cells = config.cells.model_copy(update={"judged": absolute(config.cells.judged)})
    policy = config.policy.model_copy(update={"baseline": absolute(config.policy.baseline)})
    output = config.output.model_copy(
        update={
            "folder": absolute(config.output.folder),
            "history": _absolute_sqlite(config.output.history, base),
        }
    )
    stages = {"validation": validation, "learning": learning, "label_noise": label_noise, "cells": cells}
    return config.model_copy(update={"data": data, **stages, "policy": policy, "output": output})


def _absolute_sqlite(connection: str | None, base: Path) -> str | None:
    """Let the path in `sqlite:///loans.db` be relative to the file too, as every other path is."""
    prefix = "sqlite:///"
    relative = (connection or "").removeprefix(prefix)
    if connection is None or not connection.startswith(prefix) or relative.startswith(("/", ":", "file:", "$")):
        return connection
    return f"{prefix}{base / relative}" if relative else connection
