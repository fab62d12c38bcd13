# SPDX-License-Identifier: Apache-2.0
"""Ordinary model files, saved by the frameworks themselves: what the allow-list is made from and measured with.

    python bench/model_corpus.py FOLDER

Run it with an environment that has numpy, pandas, scipy, scikit-learn, joblib, lz4, cloudpickle, dill, xgboost, lightgbm, catboost,
statsmodels, torch, safetensors, onnx, skops; what is missing is left out and said. Nothing here is part of the product.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import decimal
import fractions
import inspect
import pathlib
import pickle
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

COMPRESSIONS = (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("lz4", 3))


class Corpus:
    """A folder that is filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def attempt(self, what: str, action: Callable[[], object]) -> None:
        """Do one save; say what does not work in these versions."""
        try:
            action()
        except Exception as error:  # noqa: BLE001
            print(f"left out: {what}: {type(error).__name__}: {str(error)[:80]}")

    def pickles(self, name: str, value: Any, protocols: tuple[int, ...] = (2, 4, 5)) -> None:
        """Save in several protocols."""
        for protocol in protocols:
            path = self.folder / f"{name}.p{protocol}.pkl"
            self.attempt(name, lambda path=path, protocol=protocol: path.write_bytes(pickle.dumps(value, protocol=protocol)))

    def joblibs(self, name: str, value: Any) -> None:
        """Save in every compression of joblib."""
        import joblib

        for how in COMPRESSIONS:
            path = self.folder / f"{name}.{how[0] if isinstance(how, tuple) else 'plain'}.joblib"
            self.attempt(name, lambda path=path, how=how: joblib.dump(value, path, compress=how))


def language(corpus: Corpus) -> None:
    """Values of the standard library."""
    values = {
        "dates": [dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.date(2026, 1, 2), dt.timedelta(1)],
        "numbers": [decimal.Decimal(1), fractions.Fraction(1, 2), 1j, 2**80, 0.5, True, None],
        "containers": [collections.OrderedDict(a=1), collections.defaultdict(list), collections.Counter("aab"), collections.deque([1], 3)],
        "others": [uuid.UUID(int=1), pathlib.PurePosixPath("a"), frozenset([1]), bytearray(b"x"), range(3), slice(1)],
    }
    for name, value in values.items():
        corpus.pickles(f"python_{name}", value, (0, 1, 2, 3, 4, 5))


def arrays(corpus: Corpus) -> None:
    """NumPy, SciPy and pandas."""
    import numpy as np
    import pandas as pd
    import scipy.interpolate
    import scipy.sparse
    import scipy.spatial
    import scipy.stats

    chance = np.random.RandomState(0)
    values: dict[str, Any] = {
        "floats": chance.rand(10, 3),
        "texts": np.array(["a", "bb"]),
        "objects": np.array([1, "a", None], dtype=object),
        "structure": np.zeros(3, dtype=[("a", "i4"), ("b", "f8", (2,))]),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "masked": np.ma.array([1, 2], mask=[0, 1]),
        "scalars": [np.float64(1.5), np.int32(4), np.bool_(1), np.datetime64("2020"), np.str_("x")],
        "state": chance,
        "generators": [np.random.default_rng(1), np.random.Generator(np.random.MT19937())],
        "functions": [np.add, np.mean, np.poly1d([1, 2])],
    }
    for name, value in values.items():
        corpus.pickles(f"numpy_{name}", value, (0, 1, 2, 3, 4, 5))
        corpus.joblibs(f"numpy_{name}", value)
        if isinstance(value, np.ndarray):
            corpus.attempt(name, lambda name=name, value=value: np.save(corpus.folder / f"{name}.npy", value, allow_pickle=True))
            corpus.attempt(name, lambda name=name, value=value: np.savez_compressed(corpus.folder / f"{name}.npz", a=value))
    for kind in ["csr", "csc", "coo", "bsr", "dia", "dok", "lil"]:
        corpus.pickles(f"scipy_{kind}", getattr(scipy.sparse, f"{kind}_matrix")(scipy.sparse.eye(4)))
    steps = np.arange(10.0)
    corpus.pickles("scipy_spline", scipy.interpolate.CubicSpline(steps, steps))
    corpus.pickles("scipy_tree", scipy.spatial.cKDTree(chance.rand(60, 5)))
    for name in ("norm", "uniform", "expon", "beta", "gamma", "t", "poisson", "loguniform"):
        corpus.attempt(
            name, lambda name=name: corpus.pickles(f"scipy_{name}", getattr(scipy.stats, name)(*(2, 3)[: 2 if name == "beta" else 1]))
        )
    table = pd.DataFrame({"a": steps, "c": pd.Categorical(list("abcab") * 2), "t": pd.date_range("2020", periods=10, tz="UTC")})
    series = {name: pd.array([1, None], dtype=name) for name in ("Int64", "Float64", "boolean", "string")}
    extra = {
        "table": table,
        "index": table.set_index(["a", "c"]),
        "periods": pd.period_range("2020", periods=3),
        "cut": pd.cut(table["a"], 3),
    }
    for name, value in {**series, **extra}.items():
        corpus.pickles(f"pandas_{name}", value)


def estimators(corpus: Corpus) -> None:
    """Every estimator of scikit-learn that can be fitted to small data, and the searches and scorers around them."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.utils import all_estimators

    chance = np.random.RandomState(0)
    data, labels = np.abs(chance.rand(60, 5)), chance.randint(0, 2, 60)
    given = {
        "transformers": [("s", "passthrough", [0, 1])],
        "transformer_list": [("s", "passthrough")],
        "steps": [("s", LogisticRegression())],
    }
    for name, kind in all_estimators():
        inner = Ridge() if "Regressor" in name else LogisticRegression()
        known = {
            "estimator": inner,
            "estimators": [("a", inner)],
            "param_grid": {},
            "param_distributions": {"C": [1]},
            "dictionary": np.eye(5),
            **given,
        }
        needed = [word.name for word in inspect.signature(kind).parameters.values() if word.default is word.empty and word.name in known]
        with contextlib.suppress(Exception):
            model = kind(**{word: known[word] for word in needed})
            corpus.attempt(name, lambda model=model: model.fit(data, labels))
            corpus.pickles(f"sklearn_{name}", model)
    for score in ("accuracy", "f1", "roc_auc", "r2"):
        search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, scoring=score, cv=StratifiedKFold(2)).fit(data, labels)
        corpus.joblibs(f"sklearn_search_{score}", search)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, labels)
    corpus.joblibs("sklearn_pipeline", pipeline)
    import cloudpickle
    import dill
    import skops.io

    (corpus.folder / "cloudpickle.pkl").write_bytes(cloudpickle.dumps(pipeline))
    (corpus.folder / "dill.pkl").write_bytes(dill.dumps(pipeline))
    skops.io.dump(pipeline, corpus.folder / "pipeline.skops")


def boosting(corpus: Corpus) -> None:
    """XGBoost, LightGBM, CatBoost and statsmodels."""
    import catboost
    import lightgbm
    import numpy as np
    import statsmodels.api
    import xgboost

    chance = np.random.RandomState(0)
    data, labels = chance.rand(60, 5), chance.randint(0, 2, 60)
    models = {
        "xgboost": xgboost.XGBClassifier(n_estimators=3),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1),
        "catboost": catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False),
    }
    for name, model in models.items():
        model.fit(data, labels)
        corpus.pickles(name, model)
        corpus.joblibs(name, model)
    statsmodels.api.OLS(labels, data).fit().save(str(corpus.folder / "statsmodels_ols.pkl"))


def modules() -> Iterator[tuple[str, Any]]:
    """Give every module of torch.nn that can be made from small numbers."""
    from torch import nn

    for name, kind in vars(nn).items():
        if inspect.isclass(kind) and issubclass(kind, nn.Module) and "Lazy" not in name:
            for arguments in ((), (2,), (2, 2), (2, 2, 2), (4, 2), (1, 1, 1), ([2],)):
                with contextlib.suppress(Exception):
                    yield name, kind(*arguments)
                    break


def torch_files(corpus: Corpus) -> None:
    """PyTorch: state, modules, optimizers in both containers; TorchScript; safetensors."""
    import safetensors.torch
    import torch
    from torch import nn

    def save(name: str, value: Any) -> None:
        for new in (True, False):
            path = corpus.folder / f"torch_{name}_{'zip' if new else 'legacy'}.pt"
            corpus.attempt(name, lambda path=path, new=new: torch.save(value, path, _use_new_zipfile_serialization=new))
        corpus.pickles(f"torch_{name}", value, (4,))

    for name, module in modules():
        save(f"{name}_state", module.state_dict())
        save(name, module)
    for name, kind in vars(torch.optim).items():
        if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer) and name != "Optimizer":
            corpus.attempt(name, lambda name=name, kind=kind: save(f"optimizer_{name}", kind(nn.Linear(2, 2).parameters(), lr=0.1)))
    torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.ReLU())).save(str(corpus.folder / "script.pt"))
    safetensors.torch.save_file({"a": torch.ones(3)}, corpus.folder / "a.safetensors")


def main() -> None:
    """Fill the folder."""
    warnings.simplefilter("ignore")
    corpus = Corpus(Path(sys.argv[1]))
    for part in (language, arrays, estimators, boosting, torch_files):
        corpus.attempt(part.__name__, lambda part=part: part(corpus))
    print(f"{sum(1 for _ in corpus.folder.iterdir())} files in {corpus.folder}")


if __name__ == "__main__":
    main()
