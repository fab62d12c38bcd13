# SPDX-License-Identifier: Apache-2.0
"""How strictly a folder is compared with what was signed: the verifier's decision, never the signer's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """``ignored`` paths need not be covered. ``lenient`` looks at no more than the format of OpenSSF Model Signing does.

    ``remembered`` takes over digests of an earlier run where times say that nobody wrote since.
    """

    ignored: tuple[str, ...] = ()
    lenient: bool = False
    remembered: bool = False


STRICT = ModelTerms()
