"""What kind of file somebody hands in, by what is in it and never by its name. Pure."""

import io
import re
import zipfile

_CREDENTIAL = re.compile(rb"\s*(ey[\w-]+\.[\w-]+\.[\w-]+~[\w.~-]*)\s*")
_ZIP = b"PK\x03\x04"
_OFD_ROOT = "OFD.xml"


def is_ofd(data: bytes) -> bool:
    """A package of GB/T 33190: a zip with its root document. Nothing is unpacked."""
    if not data.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return _OFD_ROOT in package.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


def credential_in(data: bytes) -> str | None:
    """The SD-JWT that is all of a file, if it is one."""
    found = _CREDENTIAL.fullmatch(data)
    return None if found is None else found.group(1).decode("ascii")
