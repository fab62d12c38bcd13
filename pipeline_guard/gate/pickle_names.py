# SPDX-License-Identifier: Apache-2.0
"""The globals that ordinary models name, and those of them that they call with arguments. Data, made from real saves.

Every estimator of scikit-learn, every module, optimizer and scheduler of PyTorch, arrays, tables, distributions and models of
NumPy, pandas, SciPy, XGBoost, LightGBM, CatBoost and statsmodels were saved in several protocols and read without loading
(bench/model_corpus.py); names of older releases, Transformers, Lightning and others from their sources. No entry runs code or opens
files of the file's choosing in the way it may be used: see pickle_globals.py for the shapes. Long because it is exact.
"""

from __future__ import annotations

# module: names that may be fetched, and made without arguments
ALLOWED = {
    # Python
    "__builtin__": "Ellipsis NotImplemented abs bool bytearray bytes complex dict float frozenset hash int len list long max min "
    "object round set slice str tuple unicode xrange",
    "UserDict": "IterableUserDict UserDict",
    "UserList": "UserList",
    "_codecs": "encode",
    "argparse": "Namespace",
    "array": "_array_reconstructor array",
    "builtins": "ArithmeticError AttributeError Exception IndexError KeyError NotImplementedError OverflowError "
    "RuntimeError TypeError ValueError ZeroDivisionError "
    "Ellipsis NotImplemented abs bool bytearray bytes complex dict float frozenset hash int len list max min object range round "
    "set slice str sum tuple",
    "collections": "ChainMap Counter OrderedDict UserDict UserList defaultdict deque",
    "copy_reg": "_reconstructor",
    "copyreg": "__newobj__ _reconstructor",
    "datetime": "date datetime time timedelta timezone",
    "dateutil.tz": "tzutc",
    "dateutil.tz.tz": "tzlocal tzutc",
    "decimal": "Decimal",
    "exceptions": "ArithmeticError AttributeError Exception IndexError KeyError NotImplementedError OverflowError "
    "RuntimeError TypeError ValueError ZeroDivisionError",
    "fractions": "Fraction",
    "functools": "partial",
    "ipaddress": "IPv4Address IPv4Network IPv6Address IPv6Network",
    "math": "exp log sqrt",
    "pathlib": "PosixPath PurePosixPath PureWindowsPath WindowsPath",
    "pathlib._local": "PosixPath PurePosixPath PureWindowsPath WindowsPath",
    "pytz": "_UTC _p",
    "random": "Random",
    "statistics": "NormalDist",
    "re": "_compile",
    "types": "SimpleNamespace",
    "typing": "Any",
    "uuid": "SafeUUID UUID",
    "zoneinfo": "ZoneInfo ZoneInfo._unpickle",
    # NumPy, before and after 2.0; joblib
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "numpy": "abs absolute acos acosh add amax amin arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin argsort asin asinh "
    "atan atan2 atanh average bitwise_and bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
    "bitwise_xor bool bool8 bool_ byte bytes_ cbrt cdouble ceil character clip clongdouble complex128 complex256 complex64 complex_ "
    "complexfloating conj conjugate copysign cos cosh csingle datetime64 deg2rad degrees divide divmod double dtype equal exp exp2 "
    "expm1 fabs flexible float128 float16 float32 float64 float_ float_power floating floor floor_divide fmax fmin fmod frexp gcd "
    "generic greater greater_equal half heaviside hypot identity inexact int16 int32 int64 int8 int_ intc integer intp invert isfinite "
    "isinf isnan isnat lcm ldexp left_shift less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not "
    "logical_or logical_xor long longdouble longlong matmul matrix matvec max maximum mean median min minimum mod modf multiply "
    "nan_to_num nanmax nanmean nanmedian nanmin nanpercentile nanstd nansum ndarray negative nextafter not_equal number object_ "
    "percentile poly1d positive pow power prod ptp quantile rad2deg radians recarray reciprocal record remainder right_shift rint round "
    "round_ short sign signbit signedinteger sin single sinh spacing sqrt square std str_ string_ subtract sum tan tanh timedelta64 "
    "true_divide trunc ubyte uint uint16 uint32 uint64 uint8 uintc uintp ulong ulonglong unicode_ unsignedinteger ushort var vecdot "
    "vecmat vectorize void where",
    "numpy._core._internal": "_convert_to_stringdtype_kwargs",
    "numpy._core._multiarray_umath": "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and "
    "bitwise_or bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod "
    "equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater "
    "greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal "
    "log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul "
    "maximum minimum mod modf multiply negative nextafter not_equal positive power rad2deg radians "
    "reciprocal remainder right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh "
    "true_divide trunc",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy._core.numeric": "_frombuffer",
    "numpy.char": "chararray",
    "numpy.core._multiarray_umath": "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and "
    "bitwise_or bitwise_xor cbrt ceil conj conjugate copysign cos cosh deg2rad degrees divide divmod "
    "equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin fmod frexp gcd greater "
    "greater_equal heaviside hypot invert isfinite isinf isnan isnat lcm ldexp left_shift less less_equal "
    "log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor matmul "
    "maximum minimum mod modf multiply negative nextafter not_equal positive power rad2deg radians "
    "reciprocal remainder right_shift rint sign signbit sin sinh spacing sqrt square subtract tan tanh "
    "true_divide trunc",
    "numpy.core._internal": "_reconstruct _convert_to_stringdtype_kwargs",
    "numpy.core.defchararray": "chararray",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy.core.records": "recarray record",
    "numpy.lib.polynomial": "poly1d",
    "numpy.linalg": "norm",
    "numpy.ma": "MaskedArray",
    "numpy.ma.core": "MaskedArray MaskedConstant _mareconstruct masked_array",
    "numpy.matrixlib.defmatrix": "matrix",
    "numpy.polynomial.chebyshev": "Chebyshev",
    "numpy.polynomial.hermite": "Hermite",
    "numpy.polynomial.hermite_e": "HermiteE",
    "numpy.polynomial.laguerre": "Laguerre",
    "numpy.polynomial.legendre": "Legendre",
    "numpy.polynomial.polynomial": "Polynomial",
    "numpy.random": "__RandomState_ctor",
    "numpy.random._generator": "Generator",
    "numpy.random._mt19937": "MT19937",
    "numpy.random._pcg64": "PCG64 PCG64DXSM",
    "numpy.random._philox": "Philox",
    "numpy.random._pickle": "__RandomState_ctor __bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random._sfc64": "SFC64",
    "numpy.random.bit_generator": "SeedSequence __pyx_unpickle_SeedSequence",
    "numpy.random.mtrand": "RandomState __RandomState_ctor",
    "numpy.rec": "recarray",
    # pandas
    "pandas": "ArrowDtype BooleanDtype Categorical CategoricalDtype CategoricalIndex DataFrame DateOffset DatetimeIndex DatetimeTZDtype "
    "Float32Dtype Float64Dtype Index Int16Dtype Int32Dtype Int64Dtype Int8Dtype Interval IntervalDtype IntervalIndex MultiIndex NA NaT "
    "Period PeriodDtype PeriodIndex RangeIndex Series SparseDtype StringDtype Timedelta TimedeltaIndex Timestamp UInt16Dtype "
    "UInt32Dtype UInt64Dtype UInt8Dtype",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas._libs.internals": "_unpickle_block",
    "pandas._libs.interval": "Interval",
    "pandas._libs.missing": "NA NAType",
    "pandas._libs.sparse": "BlockIndex IntIndex",
    "pandas._libs.tslib": "Timestamp",
    "pandas._libs.tslibs.nattype": "__nat_unpickle _nat_unpickle",
    "pandas._libs.tslibs.offsets": "BDay BHalfYearBegin BHalfYearEnd BMonthBegin BMonthEnd "
    "BQuarterBegin BQuarterEnd BYearBegin BYearEnd BaseOffset "
    "BusinessDay BusinessHour BusinessMixin BusinessMonthBegin BusinessMonthEnd CBMonthBegin CBMonthEnd CDay "
    "CustomBusinessDay CustomBusinessHour CustomBusinessMonthBegin CustomBusinessMonthEnd DateOffset Day Easter FY5253 "
    "FY5253Mixin FY5253Quarter HalfYearBegin HalfYearEnd HalfYearOffset Hour LastWeekOfMonth Micro Milli Minute MonthBegin "
    "MonthEnd MonthOffset Nano QuarterBegin QuarterEnd QuarterOffset RelativeDeltaOffset Second SemiMonthBegin SemiMonthEnd "
    "SemiMonthOffset SingleConstructorOffset Tick Week WeekOfMonth WeekOfMonthMixin YearBegin YearEnd YearOffset",
    "pandas._libs.tslibs.period": "Period",
    "pandas._libs.tslibs.timedeltas": "_timedelta_unpickle",
    "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
    "pandas.arrays": "ArrowExtensionArray ArrowStringArray BooleanArray DatetimeArray FloatingArray IntegerArray IntervalArray "
    "NumpyExtensionArray PandasArray PeriodArray SparseArray StringArray TimedeltaArray",
    "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
    "pandas.core.arrays.categorical": "Categorical",
    "pandas.core.arrays.datetimes": "DatetimeArray",
    "pandas.core.arrays.floating": "Float32Dtype Float64Dtype FloatingArray",
    "pandas.core.arrays.integer": "Int16Dtype Int32Dtype Int64Dtype Int8Dtype IntegerArray UInt16Dtype UInt32Dtype UInt64Dtype UInt8Dtype",
    "pandas.core.arrays.interval": "IntervalArray",
    "pandas.core.arrays.numpy_": "NumpyExtensionArray PandasArray",
    "pandas.core.arrays.period": "PeriodArray",
    "pandas.core.arrays.sparse.array": "SparseArray",
    "pandas.core.arrays.sparse.dtype": "SparseDtype",
    "pandas.core.arrays.string_": "StringArray StringDtype",
    "pandas.core.arrays.string_arrow": "ArrowStringArray",
    "pandas.core.arrays.arrow.array": "ArrowExtensionArray",
    "pandas.core.arrays.timedeltas": "TimedeltaArray",
    "pandas.core.dtypes.dtypes": "ArrowDtype CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype SparseDtype",
    "pandas.core.frame": "DataFrame",
    "pandas.core.indexes.base": "Index _new_Index",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
    "pandas.core.indexes.frozen": "FrozenList",
    "pandas.core.indexes.interval": "IntervalIndex _new_IntervalIndex",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas.core.indexes.numeric": "Float64Index Int64Index UInt64Index",
    "pandas.core.indexes.period": "PeriodIndex _new_PeriodIndex",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.timedeltas": "TimedeltaIndex _new_TimedeltaIndex",
    "pandas.core.internals": "BlockManager",
    "pandas.core.internals.blocks": "Block BoolBlock CategoricalBlock ComplexBlock "
    "DatetimeBlock DatetimeTZBlock ExtensionBlock FloatBlock IntBlock "
    "NumericBlock ObjectBlock TimeDeltaBlock new_block",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.core.series": "Series",
    "pandas.indexes.base": "Index _new_Index",
    "pandas.indexes.numeric": "Float64Index Int64Index",
    "pandas.indexes.range": "RangeIndex",
    # SciPy
    "scipy._lib.array_api_compat.numpy._aliases": "asarray",
    "scipy.interpolate._bsplines": "BSpline",
    "scipy.interpolate._cubic": "Akima1DInterpolator CubicSpline PchipInterpolator",
    "scipy.interpolate._fitpack2": "LSQUnivariateSpline",
    "scipy.interpolate._interpnd": "LinearNDInterpolator",
    "scipy.interpolate._interpolate": "PPoly interp1d interp1d._call_linear interp1d._call_linear_np interp1d._call_nan_spline "
    "interp1d._call_nearest interp1d._call_previousnext interp1d._call_spline",
    "scipy.interpolate._ndgriddata": "NearestNDInterpolator",
    "scipy.interpolate._rbfinterp": "RBFInterpolator",
    "scipy.interpolate._rgi": "RegularGridInterpolator",
    "scipy.optimize._lbfgsb_py": "LbfgsInvHessProduct",
    "scipy.optimize._optimize": "OptimizeResult",
    "scipy.signal._ltisys": "TransferFunctionContinuous",
    "scipy.sparse._arrays": "bsr_array coo_array csc_array csr_array dia_array dok_array lil_array",
    "scipy.sparse._bsr": "bsr_array bsr_matrix",
    "scipy.sparse._coo": "coo_array coo_matrix",
    "scipy.sparse._csc": "csc_array csc_matrix",
    "scipy.sparse._csr": "csr_array csr_matrix",
    "scipy.sparse._dia": "dia_array dia_matrix",
    "scipy.sparse._dok": "dok_array dok_matrix",
    "scipy.sparse._lil": "lil_array lil_matrix",
    "scipy.sparse.bsr": "bsr_matrix",
    "scipy.sparse.coo": "coo_matrix",
    "scipy.sparse.csc": "csc_matrix",
    "scipy.sparse.csr": "csr_matrix",
    "scipy.sparse.dia": "dia_matrix",
    "scipy.sparse.dok": "dok_matrix",
    "scipy.sparse.lil": "lil_matrix",
    "scipy.spatial._ckdtree": "cKDTree",
    "scipy.spatial._kdtree": "KDTree",
    "scipy.spatial._qhull": "Delaunay",
    "scipy.spatial.ckdtree": "cKDTree",
    "scipy.spatial.transform._rotation": "Rotation",
    "scipy.stats._continuous_distns": "alpha_gen anglit_gen arcsine_gen argus_gen beta_gen betaprime_gen bradford_gen burr12_gen burr_gen "
    "cauchy_gen chi2_gen chi_gen cosine_gen crystalball_gen dgamma_gen dpareto_lognorm_gen dweibull_gen erlang_gen expon_gen "
    "exponnorm_gen exponpow_gen exponweib_gen f_gen fatiguelife_gen fisk_gen foldcauchy_gen foldnorm_gen gamma_gen gausshyper_gen "
    "genexpon_gen genextreme_gen gengamma_gen genhalflogistic_gen genhyperbolic_gen geninvgauss_gen genlogistic_gen gennorm_gen "
    "genpareto_gen gibrat_gen gilbrat_gen gompertz_gen gumbel_l_gen gumbel_r_gen halfcauchy_gen halfgennorm_gen halflogistic_gen "
    "halfnorm_gen hypsecant_gen invgamma_gen invgauss_gen invweibull_gen irwinhall_gen jf_skew_t_gen johnsonsb_gen johnsonsu_gen "
    "kappa3_gen kappa4_gen ksone_gen kstwo_gen kstwobign_gen landau_gen laplace_asymmetric_gen laplace_gen levy_gen levy_l_gen "
    "loggamma_gen logistic_gen loglaplace_gen lognorm_gen lomax_gen maxwell_gen mielke_gen moyal_gen nakagami_gen ncf_gen nct_gen "
    "ncx2_gen norm_gen norminvgauss_gen pareto_gen pearson3_gen powerlaw_gen powerlognorm_gen powernorm_gen rayleigh_gen rdist_gen "
    "recipinvgauss_gen reciprocal_gen rel_breitwigner_gen rice_gen semicircular_gen skew_norm_gen skewcauchy_gen skewnorm_gen "
    "studentized_range_gen t_gen trapezoid_gen triang_gen truncexpon_gen truncnorm_gen truncpareto_gen truncweibull_min_gen "
    "tukeylambda_gen uniform_gen vonmises_gen wald_gen weibull_max_gen weibull_min_gen wrapcauchy_gen",
    "scipy.stats._covariance": "CovViaPSD",
    "scipy.stats._qmc": "LatinHypercube._random_lhs LatinHypercube._random_oa_lhs",
    "scipy.stats._discrete_distns": "randint_gen._entropy poisson_gen._entropy binom_gen._entropy geom_gen._entropy nbinom_gen._entropy "
    "bernoulli_gen betabinom_gen betanbinom_gen binom_gen "
    "boltzmann_gen dlaplace_gen geom_gen hypergeom_gen logser_gen "
    "nbinom_gen nchypergeom_fisher_gen nchypergeom_wallenius_gen nhypergeom_gen planck_gen poisson_binom_gen poisson_gen "
    "randint_gen skellam_gen yulesimon_gen zipf_gen zipfian_gen",
    "scipy.stats._distn_infrastructure": "rv_continuous_frozen rv_discrete_frozen rv_frozen rv_sample",
    "scipy.stats._kde": "gaussian_kde",
    "scipy.stats._levy_stable": "levy_stable_gen",
    "scipy.stats._multivariate": "_PSD multivariate_normal_frozen multivariate_normal_gen",
    "scipy.stats._stats_py": "LinregressResult",
    # Arrow
    "pyarrow.lib": "_reconstruct_record_batch _reconstruct_table _restore_array chunked_array decimal128 dictionary duration field "
    "fixed_size_list large_list list_ map_ py_buffer schema struct time32 time64 timestamp type_for_alias",
    # PyTorch
    "torch": "BFloat16Storage BFloat16Tensor BoolStorage ByteStorage CharStorage ComplexDoubleStorage ComplexFloatStorage "
    "DoubleStorage DoubleTensor FloatStorage FloatTensor Generator HalfStorage HalfTensor IntStorage IntTensor LongStorage "
    "LongTensor QInt32Storage QInt8Storage QUInt2x4Storage QUInt4x2Storage QUInt8Storage ScriptObject ShortStorage Size "
    "Storage Tensor TypedStorage UntypedStorage _mkldnn bcomplex32 bfloat16 bit bits16 bits1x8 bits2x4 bits4x2 bits8 bool "
    "cdouble cfloat chalf channels_last channels_last_3d complex128 complex32 complex64 contiguous_format device double dtype "
    "float float16 float32 float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu "
    "gelu half int int1 int16 int2 int3 int32 int4 int5 int6 int64 int7 int8 jagged legacy_contiguous_format long "
    "per_channel_affine per_channel_affine_float_qparams per_channel_symmetric per_tensor_affine per_tensor_symmetric "
    "preserve_format qint32 qint8 quint2x4 quint4x2 quint8 relu short sigmoid sparse_bsc sparse_bsr sparse_coo sparse_csc "
    "sparse_csr strided tanh uint1 uint16 uint2 uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8",
    "torch._C": "_disabled_torch_function_impl",
    "torch._C._nn": "gelu",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": "_rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_csr_tensor _rebuild_sparse_tensor _rebuild_tensor "
    "_rebuild_tensor_v2 _rebuild_tensor_v3",
    "torch.amp.grad_scaler": "GradScaler OptState",
    "torch.ao.nn.intrinsic.modules.fused": "BNReLU2d BNReLU3d ConvAdd2d ConvAddReLU2d ConvBn1d "
    "ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d "
    "ConvReLU2d ConvReLU3d LinearBn1d LinearLeakyReLU LinearReLU LinearTanh _FusedModule",
    "torch.ao.nn.intrinsic.qat.modules.conv_fused": "ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d "
    "ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d _ConvBnNd "
    "ConvBn1d ConvBn2d ConvBn3d ConvBnReLU1d ConvBnReLU2d ConvBnReLU3d ConvReLU1d ConvReLU2d ConvReLU3d _ConvBnNd",
    "torch.ao.nn.intrinsic.qat.modules.linear_fused": "LinearBn1d",
    "torch.ao.nn.intrinsic.qat.modules.linear_relu": "LinearReLU",
    "torch.ao.nn.intrinsic.quantized.dynamic.modules.linear_relu": "LinearReLU",
    "torch.ao.nn.intrinsic.quantized.modules.bn_relu": "BNReLU2d BNReLU3d",
    "torch.ao.nn.intrinsic.quantized.modules.conv_add": "ConvAdd2d ConvAddReLU2d",
    "torch.ao.nn.intrinsic.quantized.modules.conv_relu": "ConvReLU1d ConvReLU2d ConvReLU3d",
    "torch.ao.nn.intrinsic.quantized.modules.linear_relu": "LinearLeakyReLU LinearReLU LinearTanh",
    "torch.ao.nn.qat.dynamic.modules.linear": "Linear",
    "torch.ao.nn.qat.modules.conv": "Conv1d Conv2d Conv3d _ConvNd",
    "torch.ao.nn.qat.modules.embedding_ops": "Embedding EmbeddingBag",
    "torch.ao.nn.qat.modules.linear": "Linear",
    "torch.ao.nn.quantizable.modules.activation": "MultiheadAttention",
    "torch.ao.nn.quantizable.modules.rnn": "LSTM LSTMCell _LSTMLayer _LSTMSingleLayer",
    "torch.ao.nn.quantized.dynamic.modules.conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "torch.ao.nn.quantized.dynamic.modules.linear": "Linear",
    "torch.ao.nn.quantized.dynamic.modules.rnn": "GRU GRUCell LSTM LSTMCell PackedParameter RNNBase RNNCell RNNCellBase",
    "torch.ao.nn.quantized.modules": "DeQuantize Quantize",
    "torch.ao.nn.quantized.modules.activation": "ELU Hardswish LeakyReLU MultiheadAttention PReLU ReLU6 Sigmoid Softmax",
    "torch.ao.nn.quantized.modules.batchnorm": "BatchNorm2d BatchNorm3d _BatchNorm",
    "torch.ao.nn.quantized.modules.conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd",
    "torch.ao.nn.quantized.modules.dropout": "Dropout",
    "torch.ao.nn.quantized.modules.embedding_ops": "Embedding EmbeddingBag EmbeddingPackedParams",
    "torch.ao.nn.quantized.modules.functional_modules": "FXFloatFunctional FloatFunctional QFunctional",
    "torch.ao.nn.quantized.modules.linear": "Linear LinearPackedParams",
    "torch.ao.nn.quantized.modules.normalization": "GroupNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d LayerNorm",
    "torch.ao.nn.quantized.modules.rnn": "LSTM",
    "torch.ao.nn.quantized.modules.utils": "WeightedQuantizedModule",
    "torch.ao.nn.quantized.reference.modules.conv": "Conv1d Conv2d Conv3d ConvTranspose1d "
    "ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd "
    "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d _ConvNd _ConvTransposeNd",
    "torch.ao.nn.quantized.reference.modules.linear": "Linear",
    "torch.ao.nn.quantized.reference.modules.rnn": "GRU GRUCell LSTM LSTMCell RNNBase RNNCell RNNCellBase",
    "torch.ao.nn.quantized.reference.modules.sparse": "Embedding EmbeddingBag",
    "torch.ao.nn.quantized.reference.modules.utils": "ReferenceQuantizedModule",
    "torch.ao.nn.sparse.quantized.dynamic.linear": "Linear",
    "torch.ao.nn.sparse.quantized.linear": "Linear LinearPackedParams",
    "torch.cuda.amp.grad_scaler": "GradScaler OptState",
    "torch.distributions.normal": "Normal",
    "torch.jit._pickle": "build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag",
    "torch.nn.functional": "cross_entropy elu gelu hardswish leaky_relu linear log_softmax "
    "mish mse_loss relu selu sigmoid silu softmax softplus "
    "tanh",
    "torch.nn.modules.activation": "CELU ELU GELU GLU Hardshrink Hardsigmoid "
    "Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish MultiheadAttention "
    "PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink "
    "Threshold",
    "torch.nn.modules.adaptive": "AdaptiveLogSoftmaxWithLoss",
    "torch.nn.modules.batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d "
    "LazyBatchNorm2d LazyBatchNorm3d SyncBatchNorm _BatchNorm "
    "_LazyNormBase _NormBase",
    "torch.nn.modules.channelshuffle": "ChannelShuffle",
    "torch.nn.modules.container": "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "torch.nn.modules.conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d LazyConv3d "
    "LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d _ConvNd _ConvTransposeMixin _ConvTransposeNd",
    "torch.nn.modules.distance": "CosineSimilarity PairwiseDistance",
    "torch.nn.modules.dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout _DropoutNd",
    "torch.nn.modules.flatten": "Flatten Unflatten",
    "torch.nn.modules.fold": "Fold Unfold",
    "torch.nn.modules.instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d "
    "LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d _InstanceNorm "
    "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d LazyInstanceNorm3d _InstanceNorm",
    "torch.nn.modules.linear": "Bilinear Identity LazyLinear Linear NonDynamicallyQuantizableLinear",
    "torch.nn.modules.loss": "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss "
    "CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss HuberLoss "
    "KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss "
    "MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss "
    "TripletMarginWithDistanceLoss _Loss _WeightedLoss",
    "torch.nn.modules.module": "Module _WrappedHook",
    "torch.nn.modules.normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "torch.nn.modules.padding": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d "
    "ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d "
    "ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d _CircularPadNd "
    "_ConstantPadNd _ReflectionPadNd _ReplicationPadNd",
    "torch.nn.modules.pixelshuffle": "PixelShuffle PixelUnshuffle",
    "torch.nn.modules.pooling": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d "
    "AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d "
    "AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d "
    "MaxUnpool1d MaxUnpool2d MaxUnpool3d _AdaptiveAvgPoolNd _AdaptiveMaxPoolNd _AvgPoolNd _LPPoolNd _MaxPoolNd _MaxUnpoolNd",
    "torch.nn.modules.rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "torch.nn.modules.sparse": "Embedding EmbeddingBag",
    "torch.nn.modules.transformer": "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer",
    "torch.nn.modules.upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
    "torch.nn.parallel.data_parallel": "DataParallel",
    "torch.nn.parameter": "Buffer Parameter",
    "torch.nn.utils.rnn": "PackedSequence",
    "torch.nn.utils.spectral_norm": "SpectralNorm SpectralNormLoadStateDictPreHook SpectralNormStateDictHook",
    "torch.nn.utils.weight_norm": "WeightNorm",
    "torch.optim": "Adafactor Muon",
    "torch.optim.adadelta": "Adadelta",
    "torch.optim.adagrad": "Adagrad",
    "torch.optim.adam": "Adam",
    "torch.optim.adamax": "Adamax",
    "torch.optim.adamw": "AdamW",
    "torch.optim.asgd": "ASGD",
    "torch.optim.lbfgs": "LBFGS",
    "torch.optim.lr_scheduler": "ChainedScheduler ConstantLR CosineAnnealingLR CosineAnnealingWarmRestarts "
    "CyclicLR ExponentialLR LRScheduler LambdaLR "
    "LinearLR MultiStepLR MultiplicativeLR OneCycleLR PolynomialLR ReduceLROnPlateau SequentialLR StepLR _LRScheduler",
    "torch.optim.nadam": "NAdam",
    "torch.optim.optimizer": "Optimizer",
    "torch.optim.radam": "RAdam",
    "torch.optim.rmsprop": "RMSprop",
    "torch.optim.rprop": "Rprop",
    "torch.optim.sgd": "SGD",
    "torch.optim.sparse_adam": "SparseAdam",
    "torch.serialization": "_get_layout",
    "torch.storage": "TypedStorage UntypedStorage",
    "torch.utils.data.dataset": "ConcatDataset Dataset Subset TensorDataset",
    # gradient boosting
    "catboost.core": "CatBoost CatBoostClassifier CatBoostRanker CatBoostRegressor",
    "lightgbm.basic": "Booster Dataset",
    "lightgbm.sklearn": "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor",
    "xgboost": "XGBClassifier XGBRegressor",
    "xgboost.core": "Booster",
    "xgboost.sklearn": "XGBClassifier XGBModel XGBRFClassifier XGBRFRegressor XGBRanker XGBRegressor",
    # hdbscan
    "hdbscan.dist_metrics": "ArccosDistance BrayCurtisDistance CanberraDistance ChebyshevDistance DiceDistance EuclideanDistance "
    "HammingDistance HaversineDistance JaccardDistance KulsinskiDistance MahalanobisDistance ManhattanDistance MatchingDistance "
    "MinkowskiDistance RogersTanimotoDistance RussellRaoDistance SEuclideanDistance SokalMichenerDistance SokalSneathDistance newObj",
    # imbalanced-learn
    "imblearn.base": "FunctionSampler SamplerMixin",
    "imblearn.combine._smote_enn": "SMOTEENN",
    "imblearn.combine._smote_tomek": "SMOTETomek",
    "imblearn.ensemble._bagging": "BalancedBaggingClassifier",
    "imblearn.ensemble._easy_ensemble": "EasyEnsembleClassifier",
    "imblearn.ensemble._forest": "BalancedRandomForestClassifier",
    "imblearn.ensemble._weight_boosting": "RUSBoostClassifier",
    "imblearn.metrics.pairwise": "ValueDifferenceMetric",
    "imblearn.over_sampling._adasyn": "ADASYN",
    "imblearn.over_sampling._random_over_sampler": "RandomOverSampler",
    "imblearn.over_sampling._smote.base": "SMOTE SMOTEN SMOTENC",
    "imblearn.over_sampling._smote.cluster": "KMeansSMOTE",
    "imblearn.over_sampling._smote.filter": "BorderlineSMOTE SVMSMOTE",
    "imblearn.pipeline": "Pipeline",
    "imblearn.under_sampling._prototype_generation._cluster_centroids": "ClusterCentroids",
    "imblearn.under_sampling._prototype_selection._condensed_nearest_neighbour": "CondensedNearestNeighbour",
    "imblearn.under_sampling._prototype_selection._edited_nearest_neighbours": "AllKNN EditedNearestNeighbours "
    "RepeatedEditedNearestNeighbours",
    "imblearn.under_sampling._prototype_selection._instance_hardness_threshold": "InstanceHardnessThreshold",
    "imblearn.under_sampling._prototype_selection._nearmiss": "NearMiss",
    "imblearn.under_sampling._prototype_selection._neighbourhood_cleaning_rule": "NeighbourhoodCleaningRule",
    "imblearn.under_sampling._prototype_selection._one_sided_selection": "OneSidedSelection",
    "imblearn.under_sampling._prototype_selection._random_under_sampler": "RandomUnderSampler",
    "imblearn.under_sampling._prototype_selection._tomek_links": "TomekLinks",
    # scikit-learn
    "sklearn._loss._loss": "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss "
    "CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss "
    "CyHalfTweedieLossIdentity CyHuberLoss CyLossFunction CyPinballLoss __pyx_unpickle_CyAbsoluteError "
    "__pyx_unpickle_CyExponentialLoss __pyx_unpickle_CyHalfBinomialLoss __pyx_unpickle_CyHalfGammaLoss "
    "__pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss "
    "__pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfTweedieLoss "
    "__pyx_unpickle_CyHalfTweedieLossIdentity __pyx_unpickle_CyHuberLoss __pyx_unpickle_CyPinballLoss",
    # what scikit-learn 1.4 to 1.6 call the same module in their saves
    "_loss": "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss "
    "CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss "
    "CyHalfTweedieLossIdentity CyHuberLoss CyLossFunction CyPinballLoss __pyx_unpickle_CyAbsoluteError "
    "__pyx_unpickle_CyExponentialLoss __pyx_unpickle_CyHalfBinomialLoss __pyx_unpickle_CyHalfGammaLoss "
    "__pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss "
    "__pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfTweedieLoss "
    "__pyx_unpickle_CyHalfTweedieLossIdentity __pyx_unpickle_CyHuberLoss __pyx_unpickle_CyPinballLoss",
    "sklearn._loss.link": "BaseLink HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit",
    "sklearn._loss.loss": "AbsoluteError ArrayAPILossMixin BaseLoss "
    "ExponentialLoss HalfBinomialLoss HalfBinomialLossArrayAPI HalfGammaLoss "
    "HalfMultinomialLoss HalfMultinomialLossArrayAPI HalfPoissonLoss HalfPoissonLossArrayAPI HalfSquaredError HalfTweedieLoss "
    "HalfTweedieLossIdentity HuberLoss PinballLoss",
    "sklearn.calibration": "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration",
    "sklearn.cluster._affinity_propagation": "AffinityPropagation",
    "sklearn.cluster._agglomerative": "AgglomerativeClustering FeatureAgglomeration",
    "sklearn.cluster._bicluster": "SpectralBiclustering SpectralCoclustering",
    "sklearn.cluster._birch": "Birch _CFNode _CFSubcluster",
    "sklearn.cluster._bisect_k_means": "BisectingKMeans _BisectingTree",
    "sklearn.cluster._dbscan": "DBSCAN",
    "sklearn.cluster._hdbscan.hdbscan": "HDBSCAN",
    "sklearn.cluster._kmeans": "KMeans MiniBatchKMeans _kmeans_single_lloyd",
    "sklearn.cluster._mean_shift": "MeanShift",
    "sklearn.cluster._optics": "OPTICS",
    "sklearn.cluster._spectral": "SpectralClustering",
    "sklearn.cluster.dbscan_": "DBSCAN",
    "sklearn.cluster.hierarchical": "AgglomerativeClustering",
    "sklearn.cluster.k_means_": "KMeans MiniBatchKMeans",
    "sklearn.compose._column_transformer": "ColumnTransformer _RemainderColsList make_column_selector",
    "sklearn.compose._target": "TransformedTargetRegressor",
    "sklearn.covariance._elliptic_envelope": "EllipticEnvelope",
    "sklearn.covariance._empirical_covariance": "EmpiricalCovariance",
    "sklearn.covariance._graph_lasso": "GraphicalLasso GraphicalLassoCV",
    "sklearn.covariance._robust_covariance": "MinCovDet",
    "sklearn.covariance._shrunk_covariance": "LedoitWolf OAS ShrunkCovariance",
    "sklearn.covariance.elliptic_envelope": "EllipticEnvelope",
    "sklearn.cross_decomposition._pls": "CCA PLSCanonical PLSRegression PLSSVD",
    "sklearn.decomposition._dict_learning": "DictionaryLearning MiniBatchDictionaryLearning SparseCoder",
    "sklearn.decomposition._factor_analysis": "FactorAnalysis",
    "sklearn.decomposition._fastica": "FastICA",
    "sklearn.decomposition._incremental_pca": "IncrementalPCA",
    "sklearn.decomposition._kernel_pca": "KernelPCA",
    "sklearn.decomposition._lda": "LatentDirichletAllocation",
    "sklearn.decomposition._nmf": "MiniBatchNMF NMF",
    "sklearn.decomposition._pca": "PCA",
    "sklearn.decomposition._sparse_pca": "MiniBatchSparsePCA SparsePCA",
    "sklearn.decomposition._truncated_svd": "TruncatedSVD",
    "sklearn.decomposition.nmf": "NMF",
    "sklearn.decomposition.online_lda": "LatentDirichletAllocation",
    "sklearn.decomposition.pca": "PCA",
    "sklearn.decomposition.truncated_svd": "TruncatedSVD",
    "sklearn.discriminant_analysis": "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis",
    "sklearn.dummy": "DummyClassifier DummyRegressor",
    "sklearn.ensemble._bagging": "BaggingClassifier BaggingRegressor",
    "sklearn.ensemble._forest": "ExtraTreesClassifier ExtraTreesRegressor "
    "RandomForestClassifier RandomForestRegressor RandomTreesEmbedding "
    "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor RandomTreesEmbedding",
    "sklearn.ensemble._gb": "GradientBoostingClassifier GradientBoostingRegressor",
    "sklearn.ensemble._gb_losses": "BinomialDeviance ExponentialLoss HuberLossFunction "
    "LeastAbsoluteError LeastSquaresError MultinomialDeviance "
    "QuantileLossFunction",
    "sklearn.ensemble._hist_gradient_boosting.binning": "_BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting": "HistGradientBoostingClassifier HistGradientBoostingRegressor",
    "sklearn.ensemble._hist_gradient_boosting.loss": "BinaryCrossEntropy CategoricalCrossEntropy CategoricalCrossentropy "
    "LeastAbsoluteDeviation LeastSquares Poisson "
    "BinaryCrossEntropy CategoricalCrossEntropy CategoricalCrossentropy LeastAbsoluteDeviation LeastSquares Poisson",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.ensemble._iforest": "IsolationForest",
    "sklearn.ensemble._stacking": "StackingClassifier StackingRegressor",
    "sklearn.ensemble._voting": "VotingClassifier VotingRegressor",
    "sklearn.ensemble._weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "sklearn.ensemble.bagging": "BaggingClassifier BaggingRegressor",
    "sklearn.ensemble.forest": "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier RandomForestRegressor RandomTreesEmbedding",
    "sklearn.ensemble.gradient_boosting": "BinomialDeviance ExponentialLoss GradientBoostingClassifier "
    "GradientBoostingRegressor LeastSquaresError LogOddsEstimator "
    "MeanEstimator MultinomialDeviance PriorProbabilityEstimator QuantileEstimator ZeroEstimator",
    "sklearn.ensemble.iforest": "IsolationForest",
    "sklearn.ensemble.voting": "VotingClassifier VotingRegressor",
    "sklearn.ensemble.voting_classifier": "VotingClassifier",
    "sklearn.ensemble.weight_boosting": "AdaBoostClassifier AdaBoostRegressor",
    "sklearn.externals.joblib.numpy_pickle": "NumpyArrayWrapper",
    "sklearn.feature_extraction._dict_vectorizer": "DictVectorizer",
    "sklearn.feature_extraction._hash": "FeatureHasher",
    "sklearn.feature_extraction.dict_vectorizer": "DictVectorizer",
    "sklearn.feature_extraction.image": "PatchExtractor",
    "sklearn.feature_extraction.text": "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer",
    "sklearn.feature_selection._from_model": "SelectFromModel",
    "sklearn.feature_selection._mutual_info": "mutual_info_classif mutual_info_regression",
    "sklearn.feature_selection._rfe": "RFE RFECV",
    "sklearn.feature_selection._sequential": "SequentialFeatureSelector",
    "sklearn.feature_selection._univariate_selection": "GenericUnivariateSelect SelectFdr SelectFpr SelectFwe "
    "SelectKBest SelectPercentile chi2 f_classif f_regression "
    "r_regression",
    "sklearn.feature_selection._variance_threshold": "VarianceThreshold",
    "sklearn.feature_selection.from_model": "SelectFromModel",
    "sklearn.feature_selection.rfe": "RFE RFECV",
    "sklearn.feature_selection.univariate_selection": "SelectKBest SelectPercentile chi2 f_classif f_regression",
    "sklearn.feature_selection.variance_threshold": "VarianceThreshold",
    "sklearn.frozen._frozen": "FrozenEstimator",
    "sklearn.gaussian_process._gpc": "GaussianProcessClassifier _BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process._gpr": "GaussianProcessRegressor",
    "sklearn.gaussian_process.gpc": "GaussianProcessClassifier",
    "sklearn.gaussian_process.gpr": "GaussianProcessRegressor",
    "sklearn.gaussian_process.kernels": "CompoundKernel ConstantKernel DotProduct ExpSineSquared "
    "Exponentiation Kernel KernelOperator Matern PairwiseKernel "
    "Product RBF RationalQuadratic Sum WhiteKernel",
    "sklearn.grid_search": "GridSearchCV",
    "sklearn.impute": "MissingIndicator SimpleImputer",
    "sklearn.impute._base": "MissingIndicator SimpleImputer",
    "sklearn.impute._knn": "KNNImputer",
    "sklearn.isotonic": "IsotonicRegression",
    "sklearn.kernel_approximation": "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler",
    "sklearn.kernel_ridge": "KernelRidge",
    "sklearn.linear_model._base": "LinearRegression",
    "sklearn.linear_model._bayes": "ARDRegression BayesianRidge",
    "sklearn.linear_model._coordinate_descent": "ElasticNet ElasticNetCV Lasso LassoCV "
    "MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV "
    "ElasticNet ElasticNetCV Lasso LassoCV MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV",
    "sklearn.linear_model._glm.glm": "GammaRegressor PoissonRegressor TweedieRegressor",
    "sklearn.linear_model._huber": "HuberRegressor",
    "sklearn.linear_model._least_angle": "Lars LarsCV LassoLars LassoLarsCV LassoLarsIC",
    "sklearn.linear_model._logistic": "LogisticRegression LogisticRegressionCV",
    "sklearn.linear_model._omp": "OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV",
    # pipeline-guard:allow generic-password-quoted a class of scikit-learn
    "sklearn.linear_model._passive_aggressive": "PassiveAggressiveClassifier PassiveAggressiveRegressor",
    "sklearn.linear_model._perceptron": "Perceptron",
    "sklearn.linear_model._quantile": "QuantileRegressor",
    "sklearn.linear_model._ransac": "RANSACRegressor",
    "sklearn.linear_model._ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredEpsilonInsensitive SquaredHinge SquaredLoss",
    "sklearn.linear_model._stochastic_gradient": "SGDClassifier SGDOneClassSVM SGDRegressor",
    "sklearn.linear_model._theil_sen": "TheilSenRegressor",
    "sklearn.linear_model.base": "LinearRegression",
    "sklearn.linear_model.bayes": "ARDRegression BayesianRidge",
    "sklearn.linear_model.coordinate_descent": "ElasticNet ElasticNetCV Lasso LassoCV",
    "sklearn.linear_model.logistic": "LogisticRegression LogisticRegressionCV",
    # pipeline-guard:allow generic-password-quoted a class of scikit-learn
    "sklearn.linear_model.passive_aggressive": "PassiveAggressiveClassifier PassiveAggressiveRegressor",
    "sklearn.linear_model.perceptron": "Perceptron",
    "sklearn.linear_model.ridge": "Ridge RidgeCV RidgeClassifier RidgeClassifierCV",
    "sklearn.linear_model.sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredHinge SquaredLoss",
    "sklearn.linear_model.stochastic_gradient": "SGDClassifier SGDRegressor",
    "sklearn.manifold._classical_mds": "ClassicalMDS",
    "sklearn.manifold._isomap": "Isomap",
    "sklearn.manifold._locally_linear": "LocallyLinearEmbedding",
    "sklearn.manifold._mds": "MDS",
    "sklearn.manifold._spectral_embedding": "SpectralEmbedding",
    "sklearn.manifold._t_sne": "TSNE",
    "sklearn.metrics._classification": "accuracy_score balanced_accuracy_score brier_score_loss "
    "class_likelihood_ratios classification_report cohen_kappa_score "
    "confusion_matrix d2_brier_score d2_log_loss_score f1_score fbeta_score hamming_loss hinge_loss jaccard_score log_loss "
    "matthews_corrcoef multilabel_confusion_matrix precision_recall_fscore_support precision_score recall_score zero_one_loss",
    "sklearn.metrics._dist_metrics": "BrayCurtisDistance BrayCurtisDistance32 BrayCurtisDistance64 CanberraDistance CanberraDistance32 "
    "CanberraDistance64 ChebyshevDistance ChebyshevDistance32 ChebyshevDistance64 DiceDistance DiceDistance32 DiceDistance64 "
    "EuclideanDistance EuclideanDistance32 EuclideanDistance64 HammingDistance HammingDistance32 HammingDistance64 HaversineDistance "
    "HaversineDistance32 HaversineDistance64 JaccardDistance JaccardDistance32 JaccardDistance64 KulsinskiDistance KulsinskiDistance32 "
    "KulsinskiDistance64 MahalanobisDistance MahalanobisDistance32 MahalanobisDistance64 ManhattanDistance ManhattanDistance32 "
    "ManhattanDistance64 MatchingDistance MatchingDistance32 MatchingDistance64 MinkowskiDistance MinkowskiDistance32 "
    "MinkowskiDistance64 PyFuncDistance PyFuncDistance32 PyFuncDistance64 RogersTanimotoDistance RogersTanimotoDistance32 "
    "RogersTanimotoDistance64 RussellRaoDistance RussellRaoDistance32 RussellRaoDistance64 SEuclideanDistance SEuclideanDistance32 "
    "SEuclideanDistance64 SokalMichenerDistance SokalMichenerDistance32 SokalMichenerDistance64 SokalSneathDistance "
    "SokalSneathDistance32 SokalSneathDistance64 WMinkowskiDistance newObj",
    "sklearn.metrics._ranking": "auc average_precision_score confusion_matrix_at_thresholds coverage_error dcg_score det_curve "
    "label_ranking_average_precision_score label_ranking_loss metric_at_thresholds ndcg_score precision_recall_curve "
    "roc_auc_score roc_curve top_k_accuracy_score",
    "sklearn.metrics._regression": "d2_absolute_error_score d2_pinball_score d2_tweedie_score "
    "explained_variance_score max_error mean_absolute_error "
    "mean_absolute_percentage_error mean_gamma_deviance mean_pinball_loss mean_poisson_deviance mean_squared_error "
    "mean_squared_log_error mean_tweedie_deviance median_absolute_error r2_score root_mean_squared_error "
    "root_mean_squared_log_error",
    "sklearn.metrics._scorer": "_CurveScorer _MultimetricScorer _PassthroughScorer _passthrough_scorer _PredictScorer "
    "_ProbaScorer _Scorer _ThresholdScorer check_scoring "
    "get_scorer get_scorer_names make_scorer",
    "sklearn.metrics.classification": "accuracy_score f1_score precision_score recall_score",
    "sklearn.metrics.cluster._bicluster": "consensus_score",
    "sklearn.metrics.cluster._supervised": "adjusted_mutual_info_score adjusted_rand_score completeness_score fowlkes_mallows_score "
    "homogeneity_completeness_v_measure homogeneity_score mutual_info_score normalized_mutual_info_score "
    "pair_confusion_matrix rand_score v_measure_score",
    "sklearn.metrics.cluster._unsupervised": "calinski_harabasz_score davies_bouldin_score silhouette_samples silhouette_score",
    "sklearn.metrics.pairwise": "additive_chi2_kernel chi2_kernel cosine_similarity "
    "euclidean_distances haversine_distances laplacian_kernel "
    "linear_kernel manhattan_distances nan_euclidean_distances pairwise_distances pairwise_distances_argmin "
    "pairwise_distances_argmin_min pairwise_distances_chunked pairwise_kernels polynomial_kernel rbf_kernel sigmoid_kernel",
    "sklearn.metrics.scorer": "_PredictScorer _ProbaScorer _ThresholdScorer _passthrough_scorer",
    "sklearn.mixture._bayesian_mixture": "BayesianGaussianMixture",
    "sklearn.mixture._gaussian_mixture": "GaussianMixture",
    "sklearn.mixture.gaussian_mixture": "GaussianMixture",
    "sklearn.model_selection._classification_threshold": "_CurveScorer FixedThresholdClassifier TunedThresholdClassifierCV",
    "sklearn.model_selection._search": "GridSearchCV RandomizedSearchCV",
    "sklearn.model_selection._split": "BaseCrossValidator BaseShuffleSplit GroupKFold GroupShuffleSplit "
    "KFold LeaveOneGroupOut LeaveOneOut LeavePGroupsOut "
    "LeavePOut PredefinedSplit RepeatedKFold RepeatedStratifiedKFold ShuffleSplit StratifiedGroupKFold StratifiedKFold "
    "StratifiedShuffleSplit TimeSeriesSplit",
    "sklearn.multiclass": "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor",
    "sklearn.multioutput": "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain",
    "sklearn.naive_bayes": "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB",
    "sklearn.neighbors._ball_tree": "BallTree BallTree32 BallTree64 newObj",
    "sklearn.neighbors._classification": "KNeighborsClassifier RadiusNeighborsClassifier",
    "sklearn.neighbors._graph": "KNeighborsTransformer RadiusNeighborsTransformer",
    "sklearn.neighbors._kd_tree": "KDTree KDTree32 KDTree64 newObj",
    "sklearn.neighbors._kde": "KernelDensity",
    "sklearn.neighbors._lof": "LocalOutlierFactor",
    "sklearn.neighbors._nca": "NeighborhoodComponentsAnalysis",
    "sklearn.neighbors._nearest_centroid": "NearestCentroid",
    "sklearn.neighbors._regression": "KNeighborsRegressor RadiusNeighborsRegressor",
    "sklearn.neighbors._unsupervised": "NearestNeighbors",
    "sklearn.neighbors.ball_tree": "BallTree newObj",
    "sklearn.neighbors.classification": "KNeighborsClassifier RadiusNeighborsClassifier",
    "sklearn.neighbors.dist_metrics": "BrayCurtisDistance CanberraDistance ChebyshevDistance DiceDistance EuclideanDistance "
    "HammingDistance HaversineDistance JaccardDistance KulsinskiDistance MahalanobisDistance ManhattanDistance MatchingDistance "
    "MinkowskiDistance PyFuncDistance RogersTanimotoDistance RussellRaoDistance SEuclideanDistance SokalMichenerDistance "
    "SokalSneathDistance WMinkowskiDistance newObj",
    "sklearn.neighbors._dist_metrics": "BrayCurtisDistance CanberraDistance ChebyshevDistance DiceDistance EuclideanDistance "
    "HammingDistance HaversineDistance JaccardDistance KulsinskiDistance MahalanobisDistance ManhattanDistance MatchingDistance "
    "MinkowskiDistance PyFuncDistance RogersTanimotoDistance RussellRaoDistance SEuclideanDistance SokalMichenerDistance "
    "SokalSneathDistance WMinkowskiDistance newObj",
    "sklearn.neighbors.kd_tree": "KDTree newObj",
    "sklearn.neighbors.lof": "LocalOutlierFactor",
    "sklearn.neighbors.regression": "KNeighborsRegressor RadiusNeighborsRegressor",
    "sklearn.neighbors.unsupervised": "NearestNeighbors",
    "sklearn.neural_network._multilayer_perceptron": "MLPClassifier MLPRegressor",
    "sklearn.neural_network._rbm": "BernoulliRBM",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer SGDOptimizer",
    "sklearn.neural_network.multilayer_perceptron": "MLPClassifier MLPRegressor",
    "sklearn.pipeline": "FeatureUnion Pipeline",
    "sklearn.preprocessing._data": "Binarizer KernelCenterer MaxAbsScaler MinMaxScaler "
    "Normalizer PowerTransformer QuantileTransformer RobustScaler "
    "StandardScaler",
    "sklearn.preprocessing._discretization": "KBinsDiscretizer",
    "sklearn.preprocessing._encoders": "OneHotEncoder OrdinalEncoder",
    "sklearn.preprocessing._function_transformer": "FunctionTransformer",
    "sklearn.preprocessing._label": "LabelBinarizer LabelEncoder MultiLabelBinarizer",
    "sklearn.preprocessing._polynomial": "PolynomialFeatures SplineTransformer",
    "sklearn.preprocessing._target_encoder": "TargetEncoder",
    "sklearn.preprocessing.data": "Binarizer KernelCenterer MaxAbsScaler MinMaxScaler "
    "Normalizer OneHotEncoder PolynomialFeatures PowerTransformer "
    "QuantileTransformer RobustScaler StandardScaler",
    "sklearn.preprocessing.imputation": "Imputer",
    "sklearn.preprocessing.label": "LabelBinarizer LabelEncoder MultiLabelBinarizer",
    "sklearn.random_projection": "GaussianRandomProjection SparseRandomProjection",
    "sklearn.semi_supervised._label_propagation": "LabelPropagation LabelSpreading",
    "sklearn.semi_supervised._self_training": "SelfTrainingClassifier",
    "sklearn.svm._classes": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.svm.classes": "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR",
    "sklearn.tree._classes": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "sklearn.tree._tree": "Tree",
    "sklearn.tree.tree": "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor",
    "sklearn.utils": "Bunch",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils._metadata_requests": "MetadataRequest MethodMetadataRequest",
    "sklearn.utils.deprecation": "DeprecationDict",
    # statsmodels
    "statsmodels.base.data": "ModelData PandasData",
    "statsmodels.base.model": "LikelihoodModelResults",
    "statsmodels.discrete.discrete_model": "BinaryModel BinaryResults BinaryResultsWrapper CountModel CountResults "
    "CountResultsWrapper DiscreteModel DiscreteResults GeneralizedPoisson GeneralizedPoissonResults "
    "GeneralizedPoissonResultsWrapper L1BinaryResults L1BinaryResultsWrapper L1CountResults "
    "L1CountResultsWrapper L1GeneralizedPoissonResults L1GeneralizedPoissonResultsWrapper "
    "L1MultinomialResults L1MultinomialResultsWrapper L1NegativeBinomialResults "
    "L1NegativeBinomialResultsWrapper L1PoissonResults L1PoissonResultsWrapper Logit LogitResults MNLogit "
    "MultinomialModel MultinomialResults MultinomialResultsWrapper NegativeBinomial NegativeBinomialP "
    "NegativeBinomialPResults NegativeBinomialPResultsWrapper NegativeBinomialResults "
    "NegativeBinomialResultsWrapper OrderedResults OrderedResultsWrapper Poisson PoissonResults "
    "PoissonResultsWrapper Probit ProbitResults",
    "statsmodels.genmod.families.family": "Binomial Family Gamma Gaussian InverseGaussian NegativeBinomial Poisson Tweedie",
    "statsmodels.genmod.families.links": "CDFLink CLogLog Cauchy Identity InversePower InverseSquared Link Log LogC LogLog "
    "Logit NegativeBinomial Power Probit Sqrt cauchy cloglog identity inverse_power inverse_squared log "
    "logc logit loglog nbinom probit sqrt",
    "statsmodels.genmod.families.varfuncs": "Binomial NegativeBinomial Power VarianceFunction",
    "statsmodels.genmod.generalized_linear_model": "GLM GLMResults GLMResultsWrapper",
    "statsmodels.regression.linear_model": "GLS GLSAR OLS OLSResults RegressionModel RegressionResults RegressionResultsWrapper WLS",
    "statsmodels.tools.tools": "Bunch",
    "statsmodels.tsa.arima.model": "ARIMA ARIMAResults ARIMAResultsWrapper",
    "statsmodels.tsa.arima.params": "SARIMAXParams",
    "statsmodels.tsa.arima.specification": "SARIMAXSpecification",
    "statsmodels.tsa.base.tsa_model": "TimeSeriesModel",
    "statsmodels.tsa.exponential_smoothing._ets_smooth": "_ets_smooth_add_add _ets_smooth_add_mul _ets_smooth_add_nada "
    "_ets_smooth_mul_add _ets_smooth_mul_mul _ets_smooth_mul_nada",
    "statsmodels.tsa.holtwinters.model": "ExponentialSmoothing",
    "statsmodels.tsa.holtwinters.results": "HoltWintersResults HoltWintersResultsWrapper",
    "statsmodels.tsa.statespace._initialization": "cInitialization dInitialization sInitialization zInitialization",
    "statsmodels.tsa.statespace._kalman_filter": "cKalmanFilter dKalmanFilter sKalmanFilter zKalmanFilter",
    "statsmodels.tsa.statespace._kalman_smoother": "cKalmanSmoother dKalmanSmoother sKalmanSmoother zKalmanSmoother",
    "statsmodels.tsa.statespace._representation": "cStatespace dStatespace sStatespace zStatespace",
    "statsmodels.tsa.statespace._simulation_smoother": "cSimulationSmoother dSimulationSmoother sSimulationSmoother zSimulationSmoother",
    "statsmodels.tsa.statespace.initialization": "Initialization",
    "statsmodels.tsa.statespace.kalman_smoother": "SmootherResults",
    "statsmodels.tsa.statespace.simulation_smoother": "SimulationSmoothResults SimulationSmoother",
    # searches
    "optuna.samplers._tpe.parzen_estimator": "_ParzenEstimator",
    "optuna.samplers._tpe.sampler": "default_gamma default_weights hyperopt_default_gamma",
    # what checkpoints keep of their training
    "accelerate.state": "PartialState",
    "accelerate.utils.dataclasses": "DeepSpeedPlugin DistributedType",
    "easydict": "EasyDict",
    "lightning.fabric.utilities.data": "AttributeDict",
    "lightning.pytorch.callbacks.model_checkpoint": "ModelCheckpoint",
    "lightning_fabric.utilities.data": "AttributeDict",
    "omegaconf.base": "ContainerMetadata Metadata",
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.nodes": "AnyNode BooleanNode FloatNode IntegerNode StringNode",
    "pytorch_lightning.callbacks.early_stopping": "EarlyStopping",
    "pytorch_lightning.callbacks.model_checkpoint": "ModelCheckpoint",
    "pytorch_lightning.utilities.parsing": "AttributeDict",
    "transformers.debug_utils": "DebugOption",
    "transformers.trainer_pt_utils": "AcceleratorConfig",
    "transformers.trainer_utils": "EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType ShardedDDPOption",
    "transformers.training_args": "OptimizerNames ParallelMode TrainingArguments",
    "transformers.training_args_seq2seq": "Seq2SeqTrainingArguments",
    # maps
    "geopandas.array": "GeometryArray",
    "geopandas.geodataframe": "GeoDataFrame",
    "geopandas.geoseries": "GeoSeries",
    "pyproj.crs.crs": "CRS",
    "shapely.io": "from_wkb",
    # texts
    "gensim.corpora.dictionary": "Dictionary",
    "gensim.models.doc2vec": "Doc2Vec",
    "gensim.models.fasttext": "FastText FastTextKeyedVectors",
    "gensim.models.keyedvectors": "CompatVocab KeyedVectors Vocab",
    "gensim.models.phrases": "npmi_scorer original_scorer",
    "gensim.models.ldamodel": "LdaModel LdaState",
    "gensim.models.tfidfmodel": "TfidfModel df2idf",
    "gensim.models.word2vec": "Word2Vec",
    "gensim.utils": "call_on_class_only identity",
    "kmodes.util.dissim": "euclidean_dissim jaccard_dissim_binary jaccard_dissim_label matching_dissim ng_dissim",
    "nltk.probability": "ConditionalFreqDist FreqDist",
    "nltk.tokenize.punkt": "PunktLanguageVars PunktParameters PunktSentenceTokenizer PunktToken PunktTrainer",
    # dill
    "dill._dill": "_create_array",
}

# module: those of them that may be called with arguments
CALLED = {
    # Python
    "__builtin__": "bool bytearray bytes complex dict float frozenset int list long set slice tuple xrange",
    "_codecs": "encode",
    "array": "_array_reconstructor array",
    "builtins": "ArithmeticError AttributeError Exception IndexError KeyError NotImplementedError OverflowError "
    "RuntimeError TypeError ValueError ZeroDivisionError "
    "bool bytearray bytes complex dict float frozenset int list range set slice tuple",
    "collections": "ChainMap Counter OrderedDict defaultdict deque",
    "copy_reg": "_reconstructor",
    "copyreg": "__newobj__ _reconstructor",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "exceptions": "ArithmeticError AttributeError Exception IndexError KeyError NotImplementedError OverflowError "
    "RuntimeError TypeError ValueError ZeroDivisionError",
    "fractions": "Fraction",
    "functools": "partial",
    "ipaddress": "IPv4Address IPv4Network IPv6Address IPv6Network",
    "pathlib": "PosixPath PurePosixPath PureWindowsPath WindowsPath",
    "pathlib._local": "PosixPath PurePosixPath PureWindowsPath WindowsPath",
    "pytz": "_UTC _p",
    "re": "_compile",
    "uuid": "SafeUUID UUID",
    "zoneinfo": "ZoneInfo._unpickle",
    # NumPy, before and after 2.0; joblib
    "numpy": "datetime64 dtype timedelta64",
    "numpy._core._internal": "_convert_to_stringdtype_kwargs",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy._core.numeric": "_frombuffer",
    "numpy.core._internal": "_reconstruct _convert_to_stringdtype_kwargs",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy.ma.core": "_mareconstruct",
    "numpy.random": "__RandomState_ctor",
    "numpy.random._pickle": "__RandomState_ctor __bit_generator_ctor __generator_ctor __randomstate_ctor",
    "numpy.random.bit_generator": "__pyx_unpickle_SeedSequence",
    "numpy.random.mtrand": "__RandomState_ctor",
    # pandas
    "pandas": "Interval IntervalDtype Period PeriodDtype SparseDtype StringDtype",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas._libs.internals": "_unpickle_block",
    "pandas._libs.interval": "Interval",
    "pandas._libs.sparse": "BlockIndex IntIndex",
    "pandas._libs.tslib": "Timestamp",
    "pandas._libs.tslibs.nattype": "__nat_unpickle _nat_unpickle",
    "pandas._libs.tslibs.offsets": "BDay BHalfYearBegin BHalfYearEnd BMonthBegin BMonthEnd "
    "BQuarterBegin BQuarterEnd BYearBegin BYearEnd BaseOffset "
    "BusinessDay BusinessHour BusinessMixin BusinessMonthBegin BusinessMonthEnd CBMonthBegin CBMonthEnd CDay "
    "CustomBusinessDay CustomBusinessHour CustomBusinessMonthBegin CustomBusinessMonthEnd DateOffset Day Easter FY5253 "
    "FY5253Mixin FY5253Quarter HalfYearBegin HalfYearEnd HalfYearOffset Hour LastWeekOfMonth Micro Milli Minute MonthBegin "
    "MonthEnd MonthOffset Nano QuarterBegin QuarterEnd QuarterOffset RelativeDeltaOffset Second SemiMonthBegin SemiMonthEnd "
    "SemiMonthOffset SingleConstructorOffset Tick Week WeekOfMonth WeekOfMonthMixin YearBegin YearEnd YearOffset",
    "pandas._libs.tslibs.period": "Period",
    "pandas._libs.tslibs.timedeltas": "_timedelta_unpickle",
    "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
    "pandas.core.arrays.string_": "StringDtype",
    "pandas.core.dtypes.dtypes": "ArrowDtype PeriodDtype",
    "pandas.core.indexes.base": "_new_Index",
    "pandas.core.indexes.datetimes": "_new_DatetimeIndex",
    "pandas.core.indexes.interval": "_new_IntervalIndex",
    "pandas.core.indexes.period": "_new_PeriodIndex",
    "pandas.core.indexes.timedeltas": "_new_TimedeltaIndex",
    "pandas.core.internals.blocks": "new_block",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas.indexes.base": "_new_Index",
    # SciPy
    "scipy.stats._stats_py": "LinregressResult",
    # Arrow
    "pyarrow.lib": "_reconstruct_record_batch _reconstruct_table _restore_array chunked_array decimal128 dictionary duration field "
    "fixed_size_list large_list list_ map_ py_buffer schema struct time32 time64 timestamp type_for_alias",
    # PyTorch
    "torch": "Size device",
    "torch._tensor": "_rebuild_from_type_v2",
    "torch._utils": "_rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_csr_tensor _rebuild_sparse_tensor _rebuild_tensor "
    "_rebuild_tensor_v2 _rebuild_tensor_v3",
    "torch.amp.grad_scaler": "OptState",
    "torch.cuda.amp.grad_scaler": "OptState",
    "torch.jit._pickle": "build_boollist build_doublelist build_intlist build_tensor_from_id build_tensorlist restore_type_tag",
    "torch.nn.utils.rnn": "PackedSequence",
    "torch.serialization": "_get_layout",
    # scikit-learn
    "sklearn._loss._loss": "CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss "
    "__pyx_unpickle_CyAbsoluteError __pyx_unpickle_CyExponentialLoss __pyx_unpickle_CyHalfBinomialLoss "
    "__pyx_unpickle_CyHalfGammaLoss __pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss "
    "__pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfTweedieLoss "
    "__pyx_unpickle_CyHalfTweedieLossIdentity __pyx_unpickle_CyHuberLoss __pyx_unpickle_CyPinballLoss",
    "_loss": "CyHalfTweedieLoss CyHalfTweedieLossIdentity CyHuberLoss CyPinballLoss "
    "__pyx_unpickle_CyAbsoluteError __pyx_unpickle_CyExponentialLoss __pyx_unpickle_CyHalfBinomialLoss "
    "__pyx_unpickle_CyHalfGammaLoss __pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss "
    "__pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfTweedieLoss "
    "__pyx_unpickle_CyHalfTweedieLossIdentity __pyx_unpickle_CyHuberLoss __pyx_unpickle_CyPinballLoss",
    "sklearn.linear_model._sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredEpsilonInsensitive SquaredHinge SquaredLoss",
    "sklearn.linear_model.sgd_fast": "EpsilonInsensitive Hinge Huber Log ModifiedHuber SquaredHinge SquaredLoss",
    "sklearn.metrics._dist_metrics": "newObj",
    "sklearn.neighbors._ball_tree": "newObj",
    "sklearn.neighbors._kd_tree": "newObj",
    "sklearn.neighbors.ball_tree": "newObj",
    "sklearn.neighbors.dist_metrics": "newObj",
    "sklearn.neighbors._dist_metrics": "newObj",
    "sklearn.neighbors.kd_tree": "newObj",
    "sklearn.tree._tree": "Tree",
    # hdbscan
    "hdbscan.dist_metrics": "newObj",
    # maps
    "pyproj.crs.crs": "CRS",
    "shapely.io": "from_wkb",
    # texts
    "nltk.probability": "ConditionalFreqDist FreqDist",
    # statsmodels
    "statsmodels.tsa.statespace._initialization": "dInitialization zInitialization",
    "statsmodels.tsa.statespace._kalman_filter": "dKalmanFilter zKalmanFilter",
    "statsmodels.tsa.statespace._kalman_smoother": "dKalmanSmoother",
    "statsmodels.tsa.statespace._representation": "dStatespace zStatespace",
    # what checkpoints keep of their training
    "accelerate.utils.dataclasses": "DistributedType",
    "transformers.debug_utils": "DebugOption",
    "transformers.trainer_utils": "EvaluationStrategy FSDPOption HubStrategy IntervalStrategy SaveStrategy SchedulerType ShardedDDPOption",
    "transformers.training_args": "OptimizerNames ParallelMode",
    # dill
    "dill._dill": "_create_array",
}
