# SPDX-License-Identifier: Apache-2.0
"""States that make an allowed class run code are refused; those of ordinary saves pass."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.pickle_walk import walk
from tests.unit.gate.pickles import text

TEMPLATE = """
def _parse_args(self, a, b,  loc=0, scale=1):
    return (a, b, ), loc, scale

def _parse_args_rvs(self, a, b,  loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, b,  loc, scale, size=size)

def _parse_args_stats(self, a, b,  loc=0, scale=1, moments='mv'):
    return (a, b, ), loc, scale, moments
"""
DISTRIBUTION = b"cscipy.stats._continuous_distns\nbeta_gen\n)\x81"
DATA = b"cstatsmodels.base.data\nPandasData\n)\x81"
FRAME = b"cpandas.core.frame\nDataFrame\n)\x81"
NAMESPACE = b"ctypes\nSimpleNamespace\n)R"
PARTIAL = b"cfunctools\npartial\ncnumpy\nadd\n\x85R"


def state(**items: bytes) -> bytes:
    """Return the opcodes of a mapping."""
    return b"}(" + b"".join(text(name) + value for name, value in items.items()) + b"u"


def pickled(*pieces: bytes) -> bytes:
    return b"\x80\x02" + b"".join(pieces) + b"b."


def formula(words: str, frame: bytes = FRAME) -> bytes:
    return pickled(DATA, state(restore_design_info=b"\x88", formula=text(words), frame=frame))


@pytest.mark.parametrize(
    "data",
    [
        pickled(DISTRIBUTION, state(_parse_arg_template=text("import os" + TEMPLATE))),
        pickled(DISTRIBUTION, state(_parse_arg_template=text(TEMPLATE.replace("scale=1)", "scale=print(1))", 1)))),
        pickled(DISTRIBUTION, state(_parse_arg_template=text(TEMPLATE.replace("(a, b, ), loc, scale\n", "(a, c, ), loc, scale\n", 1)))),
        pickled(DISTRIBUTION, state(_parse_arg_template=text(TEMPLATE), _attach_methods=PARTIAL)),
        pickled(DISTRIBUTION, state(name=text("x"))),
        pickled(DISTRIBUTION, state(**{f"x{number}": b"N" for number in range(64)}, _parse_arg_template=text(TEMPLATE))),
        pickled(DISTRIBUTION, b"}(" + text("_parse_arg_template") + text(TEMPLATE) + b"cnumpy\nstr_\n)RNu"),
        pickled(DISTRIBUTION, b"(" + state(a=b"N", b=b"N") + state(a=b"N", b=b"N") + b"t"),
        pickled(DISTRIBUTION, b"ccollections\nOrderedDict\n)R"),
        pickled(b"cscipy.stats._distn_infrastructure\nrv_sample\n)\x81", state(_parse_arg_template=text("x"))),
    ],
)
def test_a_distribution_whose_template_is_other_code_is_refused(data: bytes) -> None:
    assert [danger.name for danger in walk(data).dangers]


def test_a_distribution_as_scipy_writes_it_passes() -> None:
    several = TEMPLATE.replace("a, b, ", "")
    discrete = TEMPLATE.replace(", scale=1", "").replace(", scale\n", ", 1\n").replace("loc, scale", "loc, 1")
    for template in (TEMPLATE, several, discrete):
        assert walk(pickled(DISTRIBUTION, state(name=text("beta"), _parse_arg_template=text(template)))).dangers == ()


def test_distributions_of_other_kinds_and_times_pass() -> None:
    other = b"cscipy.stats._multivariate\nmultivariate_normal_gen\n)\x81"
    assert walk(pickled(other, state(_random_state=b"N"))).dangers == ()
    frozen = b"cscipy.stats._distn_infrastructure\nrv_continuous_frozen\n)\x81"
    assert walk(pickled(frozen, state(args=b")"))).dangers == ()
    assert walk(pickled(DISTRIBUTION, b"(" + state(a=b"N", b=b"N", name=b"N") + b"Nt")).dangers == ()
    assert walk(pickled(DISTRIBUTION, b"(" + state(a=b"N", b=b"N") + b"Nt")).dangers


@pytest.mark.parametrize(
    "data",
    [
        formula("y ~ __import__('os').system('x')"),
        formula("y ~ x.__class__"),
        formula("y ~ np.load('x')"),
        formula("y ~ exec (x)"),
        formula("y ~ C[0](x)"),
        formula("y ~ {x}"),
        formula("1" * 500 + "{"),
        formula(" a" * 250 + "{"),
        formula("y ~ C(x)", state(C=b"cnumpy\nadd\n")),
        pickled(DATA, state(restore_design_info=b"\x88", frame=FRAME)),
        pickled(DATA, b"}(" + text("restore_design_info") + b"\x88cnumpy\nstr_\n)RNu"),
        pickled(DATA, b"ccollections\nOrderedDict\n)R"),
    ],
)
def test_data_of_statsmodels_that_evaluate_more_than_names_are_refused(data: bytes) -> None:
    assert [danger.name for danger in walk(data).dangers] == ["statsmodels.base.data.PandasData"]


@pytest.mark.parametrize(
    "words",
    [
        "y ~ a + b",
        "np.log(t) ~ np.sqrt(a) * b - 1",
        "y ~ C(g, Treatment('x')) + bs(a, df=4) + I(a**2) + a:b",
        'y ~ Q("a b") + center(b)',
        "y ~ C(g, Sum)",
    ],
)
def test_ordinary_formulas_pass(words: str) -> None:
    assert walk(formula(words)).dangers == ()


def test_data_without_a_formula_pass() -> None:
    assert walk(pickled(DATA, state(endog=b"N"))).dangers == ()


@pytest.mark.parametrize("name", ["__setstate__", "extend", "append", "add", "update"])
@pytest.mark.parametrize("value", [b"cnumpy\nadd\n", PARTIAL])
def test_what_the_unpickler_looks_up_on_an_instance_cannot_be_replaced(name: str, value: bytes) -> None:
    for given in (state(**{name: value}), b"N" + state(**{name: value}) + b"\x86"):
        assert [danger.name for danger in walk(pickled(NAMESPACE, given)).dangers] == ["types.SimpleNamespace"]
    assert walk(pickled(NAMESPACE, state(**{name: b"\x88"}))).dangers == ()


@pytest.mark.parametrize(
    "call",
    [
        b"ctorch.jit._pickle\nbuild_intlist\nctypes\nSimpleNamespace\n\x85R",
        b"ctorch.jit._pickle\nrestore_type_tag\nctypes\nSimpleNamespace\n" + text("x") + b"\x86R",
        b"cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\n" + text("O8") + b"\x85Rctypes\nSimpleNamespace\n\x86R",
    ],
)
def test_a_call_that_gives_back_a_class_cannot_hide_it(call: bytes) -> None:
    assert walk(pickled(call, b"N" + state(x=b"N") + b"\x86")).dangers


def test_a_method_of_a_distribution_is_found_only_before_it_has_attributes() -> None:
    made = b"\x80\x02cscipy.stats._discrete_distns\npoisson_gen\n)\x81q\0"
    found = b"cbuiltins\ngetattr\nh\0" + text("_entropy") + b"\x86R0"
    assert walk(made + found + b".").dangers == ()
    assert walk(made + state(_parse_arg_template=text(TEMPLATE), _entropy=b"cnumpy\nadd\n") + b"b" + found + b".").dangers
    assert walk(made + found.replace(b"_entropy", b"_popen__") + b".").dangers
    assert walk(made.replace(b"scipy.stats._discrete_distns\npoisson_gen", b"types\nSimpleNamespace") + found + b".").dangers
    assert walk(made + found.replace(b"h\0", b"cnumpy\nadd\n") + b".").dangers


def test_losses_of_older_scikit_learn_pass_and_only_of_its_classes() -> None:
    made = b"csklearn._loss._loss\n__pyx_unpickle_CyHalfGammaLoss\n"
    good = made + b"csklearn._loss._loss\nCyHalfGammaLoss\nJ\x01\0\0\0N\x87R."
    assert walk(b"\x80\x02" + good).dangers == ()
    assert walk(b"\x80\x02" + good.replace(b"csklearn._loss._loss\nCyHalfGammaLoss", b"cnumpy\nadd")).dangers


@pytest.mark.parametrize("name", ["ConvexHull", "Delaunay", "Voronoi"])
@pytest.mark.parametrize("more", [{"close": PARTIAL}, {"_qhull": NAMESPACE}, {"_qhull": b"cscipy.spatial._qhull\nVoronoi\n)\x81"}])
def test_what_is_called_when_a_hull_ends_is_refused(name: str, more: dict[str, bytes]) -> None:
    hull = b"cscipy.spatial._qhull\n" + name.encode() + b"\n)\x81"
    assert not walk(pickled(hull, state(_qhull=b"N", ndim=b"K\x02"))).dangers
    assert walk(pickled(hull, state(ndim=b"K\x02", **more))).dangers


@pytest.mark.parametrize("name", ["OutEdgeDataView", "EdgeDataView", "InMultiEdgeDataView"])
def test_views_of_networkx_that_call_what_their_state_names_are_refused(name: str) -> None:
    view = b"cnetworkx.classes.reportviews\n%s\n)\x81"
    assert not walk(pickled(view % b"NodeView", state(_nodes=NAMESPACE))).dangers
    assert walk(pickled(view % name.encode(), state(viewer=NAMESPACE, nbunch=b"N"))).dangers
