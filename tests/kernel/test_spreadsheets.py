"""Workbooks: what a spreadsheet reads back is what was put in, and nothing of it runs."""

import io
import zipfile
from xml.etree import ElementTree

from kernel.spreadsheets import workbook

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(content: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (our own)
        for part in book.namelist():
            ElementTree.fromstring(book.read(part))  # noqa: S314
    assert not list(sheet.iter(f"{_MAIN}f"))
    return [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{_MAIN}row")]


def test_numbers_texts_and_gaps_come_back() -> None:
    made = workbook("表 & <1>", ["银行", "金额"], [["=1+1", 12.5], ["a<b>\x00&c", None], ["东楚", -3]])
    assert cells(made) == [["银行", "金额"], ["=1+1", "12.5"], ["a<b>&c", ""], ["东楚", "-3"]]


def test_the_same_table_is_the_same_bytes() -> None:
    assert workbook("a", ["b"], [[1]]) == workbook("a", ["b"], [[1]])
