"""Parts of a run that are saved as JSON, with a digest of their content."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from scratchnn.errors import DataError
from scratchnn.files import write_atomically

P = TypeVar("P", bound="JsonPart")
DIGEST = 16  # hexadecimal digits


class JsonPart:
    """Saves what ``document`` returns; ``from_document`` makes the part again, and raises if a key or a value is wrong."""

    FORMAT: ClassVar[str]

    def document(self) -> dict[str, Any]:
        """The content, as JSON can store it."""
        raise TypeError(f"{type(self).__name__} does not define document")

    @classmethod
    def from_document(cls: type[P], document: dict[str, Any]) -> P:
        """The part with this content."""
        raise TypeError(f"{cls.__name__} does not define from_document")

    def _bytes(self) -> bytes:
        """The whole file."""
        document = {"format": self.FORMAT, **self.document()}
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")

    def digest(self) -> str:
        """The first digits of the SHA-256 of the file that ``save`` writes."""
        return hashlib.sha256(self._bytes()).hexdigest()[:DIGEST]

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        write_atomically(path, self._bytes())

    @classmethod
    def load(cls: type[P], path: str | Path) -> P:
        """Read a file that ``save`` wrote; ``DataError`` if it is missing or damaged."""
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
            if document["format"] != cls.FORMAT:
                raise ValueError(f"its format is not {cls.FORMAT!r}")
            return cls.from_document(document)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DataError(f"{path} is damaged: {error}") from None
