"""The common part of the fuzz targets, which passes seeds to libFuzzer and cuts data into
chunks."""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


atheris: Any = importlib.import_module("atheris")  # it has no types, and is there only to fuzz


def run(target: Callable[[bytes], None], seeds: Iterable[bytes]) -> None:
    """Fuzz until something is found, or libFuzzer's -max_total_time is over.

    The command line is libFuzzer's. Seeds are made by code, and stored in the first folder that it
    names, which is where libFuzzer keeps what it finds.
    """
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders and not folders[0].is_file():  # a file is a finding to run again
        folders[0].mkdir(parents=True, exist_ok=True)
        for seed in seeds:
            (folders[0] / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
        sys.argv.append(f"-artifact_prefix={folders[0]}/")
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


def chunks(data: bytes, size: int) -> list[bytes]:
    """Return the data in chunks of this many bytes, or in one if 0."""
    size = size or len(data) or 1
    return [data[i : i + size] for i in range(0, len(data), size)]
