"""Contracts as files: a PDF that is one, not too big, that can only be read; sealed where it lies."""

from io import BytesIO

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter, copy_into_new_writer

from kernel.crypto import Vault
from kernel.errors import InvalidInput, TooLarge
from portals.financing.banks.contracts import file_name, seal_pdf
from portals.financing.banks.pdf import MOST_BYTES, check_pdf
from tests.portals.financing.lending import pdf


def with_root(key: str, value: generic.PdfObject) -> bytes:
    writer = copy_into_new_writer(PdfFileReader(BytesIO(pdf())))
    writer.root[generic.pdf_name(key)] = value
    return written(writer)


def written(writer: PdfFileWriter) -> bytes:
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def script() -> generic.DictionaryObject:
    return generic.DictionaryObject(
        {
            generic.pdf_name("/S"): generic.pdf_name("/JavaScript"),
            generic.pdf_name("/JS"): generic.pdf_string("app.alert(1)"),
        }
    )


def encrypted() -> bytes:
    writer = PdfFileWriter()
    writer.encrypt("secret", "secret")
    content = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    box = generic.ArrayObject([generic.NumberObject(one) for one in (0, 0, 595, 842)])
    writer.insert_page(PageObject(contents=content, media_box=box))
    return written(writer)


def test_a_pdf_is_counted_page_by_page() -> None:
    assert check_pdf(pdf(3)) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>not a contract</html>",
        b"PK\x03\x04" + bytes(200),
        b"%PDF-1.7\n" + b"garbage " * 100,
        pdf()[: len(pdf()) // 2],
        pdf().replace(b"/Type /Page\n", b"/Type /Fake\n").replace(b"/Type /Page ", b"/Type /Fake "),
    ],
    ids=["empty", "html", "zip", "only a head", "half", "without pages"],
)
def test_what_is_no_pdf_is_refused_with_a_way_on(content: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_pdf(content)
    assert refused.value.status == 400
    assert refused.value.errors[0].mend


def test_a_pdf_that_does_more_than_be_read_is_refused() -> None:
    names = generic.DictionaryObject({generic.pdf_name("/JavaScript"): generic.DictionaryObject()})
    files = generic.DictionaryObject({generic.pdf_name("/EmbeddedFiles"): generic.DictionaryObject()})
    for content in (
        with_root("/OpenAction", script()),
        with_root("/Names", names),
        with_root("/Names", files),
        with_root("/AA", generic.DictionaryObject()),
    ):
        with pytest.raises(InvalidInput, match="脚本或附件"):
            check_pdf(content)


def test_a_locked_pdf_is_refused() -> None:
    with pytest.raises(InvalidInput, match="加了密"):
        check_pdf(encrypted())


def test_more_than_twenty_megabytes_is_too_much() -> None:
    with pytest.raises(TooLarge):
        check_pdf(b"%PDF-1.7" + bytes(MOST_BYTES))


def test_it_lies_sealed_and_is_known_by_its_digests() -> None:
    vault, content = Vault.ephemeral(), pdf()
    kept = seal_pdf("合同.pdf", content, vault)
    assert (kept.pages, kept.size, len(kept.sha256), len(kept.sm3)) == (1, len(content), 32, 32)
    assert content[:20] not in kept.sealed
    assert b"JVBER" not in kept.sealed  # base64 of %PDF


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\合同\\一.pdf", "一.pdf"),
        ("", "contract.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
    ],
)
def test_a_file_name_is_only_a_name(given: str, kept: str) -> None:
    assert file_name(given) == kept
