"""Pictures are known by their bytes, whatever they are called."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.errors import Invalid
from portal.domain.pictures import HEAVIEST, Picture, measure

PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAUCAIAAABEXSnwAAAANElEQVR4nO3OoQEAMAjAMOCOSQ7n1PmZSiaaC5LTJ35S24GXIWKIGCKGiCFiiBgi"
    "hoghcgHWvgEIIbI+TgAAAABJRU5ErkJggg=="
)
JPEG = b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////"
    "////2wBDAf//////////////////////////////////////////////////////////////////////////////////////wgARCAAUADADASIAAhEB"
    "AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAH/xAAVAQEBAAAAAAAAAAAAAAAAAAAAAf/aAAwDAQACEAMQAAABglAAAAA//8QAFBABAAAAAAAAAAAA"
    "AAAAAAAAQP/aAAgBAQABBQIX/9k="
)
WEBPS = {
    "lossy": "UklGRj4AAABXRUJQVlA4IDIAAAAQAwCdASowABQAP83m7XA/uDIrJWgD8DmJZwAALKXNOAAA/teV3vd/3Rz+a4I+/HAAAA==",
    "lossless": "UklGRh4AAABXRUJQVlA4TBEAAAAvL8AEAAdQkoKWo/+BiOh/AAA=",
    "alpha": "UklGRmIAAABXRUJQVlA4WAoAAAAQAAAALwAAEwAAQUxQSAoAAAABB1CtiAhERP8DVlA4IDIAAAAQAwCdASowABQAP83m7XA/uDIrJWgD"
    "8DmJZwAALKXNOAAA/teV3vd/3Rz+a4I+/HAAAA==",
}


@pytest.mark.parametrize(("content", "kind"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
def test_a_picture_says_its_size(content, kind):
    assert measure(content) == Picture(kind, 48, 20)


@pytest.mark.parametrize("name", WEBPS)
def test_every_kind_of_webp_says_its_size(name):
    assert measure(b64decode(WEBPS[name])) == Picture("image/webp", 48, 20)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not_a_picture"),
        (b"GIF89a\x30\x00\x14\x00", "not_a_picture"),
        (b"<html><script>alert(1)</script>", "not_a_picture"),
        (b'<?xml version="1.0"?>\n<SVG xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "svg"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "not_a_picture"),
        (PNG[:30], "not_a_picture"),
        (PNG[:16] + b"\x00\x00\x00\x08" + PNG[20:], "size"),
        (PNG[:16] + b"\x7f\xff\xff\xff" + PNG[20:], "size"),
        (PNG + b"x" * HEAVIEST, "too_heavy"),
    ],
)
def test_what_is_no_picture_for_pages_is_refused(content, problem):
    with pytest.raises(Invalid) as refused:
        measure(content)
    assert refused.value.values["problem"] == problem


@given(st.sampled_from([PNG, JPEG, b64decode(WEBPS["alpha"])]), st.data())
def test_a_picture_that_was_cut_or_spoilt_never_breaks_anything(content, data):
    cut = content[: data.draw(st.integers(0, len(content)))]
    place = data.draw(st.integers(0, max(0, len(cut) - 1)))
    try:
        found = measure(cut[:place] + data.draw(st.binary(max_size=3)) + cut[place:])
    except Invalid:
        return
    assert found.type.startswith("image/")
