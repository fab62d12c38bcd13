# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.model.token_uri import TokenUri


def test_attributes_are_decoded_in_any_order() -> None:
    one = TokenUri.parse("pkcs11:token=My%20token;object=a%2Fb;id=%01%ff?module-path=/lib/x.so&pin-source=file:/pin")
    other = TokenUri.parse("pkcs11:id=%01%FF;object=a%2fb;token=My%20token?pin-source=file:/pin&module-path=/lib/x.so")
    assert one == other == TokenUri(token="My token", object="a/b", id="01ff", module_path="/lib/x.so", pin_source="file:/pin")


@pytest.mark.parametrize(
    "text",
    ["", "pkcs12:token=x", "token=x", "pkcs11:colour=red", "pkcs11:token=a;token=b", "pkcs11:token",
     "pkcs11:token=%ff", "pkcs11:?pin-value=1234",
     "pkcs11:token=a?pin-value=1234"],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_a_pin(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        TokenUri.parse(text)
    assert "1234" not in caught.value.what + caught.value.hint
