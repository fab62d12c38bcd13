# SPDX-License-Identifier: Apache-2.0
"""Callables that turn one call while unpickling into code, files, processes or hosts; names only, none is ever imported or called.

From the standard library's documentation and the public advisories of picklescan, modelscan and fickling.
"""

from __future__ import annotations

# module: names
STANDARD = """
builtins: eval exec compile open input __import__ getattr setattr delattr globals locals vars breakpoint map filter type memoryview print
__builtin__: eval execfile apply reload file raw_input getattr __import__ map
os: system popen popen2 execv execve execl execvp spawnl spawnv spawnvp startfile posix_spawn fork kill remove unlink rename rmdir makedirs
posix: system popen execv execve fork posix_spawn remove unlink open
nt: system popen startfile execv
subprocess: Popen call run check_call check_output getoutput getstatusoutput
pty: spawn fork
commands: getoutput getstatusoutput
platform: popen _syscmd_ver _syscmd_file
asyncio: create_subprocess_shell run
asyncio.unix_events: _UnixSubprocessTransport._start
asyncio.base_events: BaseEventLoop
_posixsubprocess: fork_exec
multiprocessing.process: Process
multiprocessing.util: spawnv_passfds
multiprocessing.reduction: _reduce_method
runpy: run_path run_module _run_code _run_module_code
code: interact InteractiveInterpreter InteractiveInterpreter.runcode InteractiveConsole
codeop: compile_command
pdb: run runeval runcall Pdb.run
bdb: Bdb.run Bdb.runeval Bdb.runctx
cProfile: run runctx
profile: run runctx Profile.run Profile.runctx
trace: Trace.run Trace.runctx Trace.runfunc
timeit: timeit repeat main Timer.timeit
doctest: debug_script run_docstring_examples testfile
pydoc: locate safeimport importfile pipepager tempfilepager render_doc
pkgutil: resolve_name get_loader get_data find_loader walk_packages
importlib: import_module reload __import__
importlib.util: module_from_spec spec_from_file_location
importlib.machinery: SourceFileLoader.load_module ExtensionFileLoader
importlib._bootstrap: _load _call_with_frames_removed
importlib._bootstrap_external: SourceFileLoader
imp: load_source load_module load_dynamic
zipimport: zipimporter
marshal: loads load
pickle: loads load Unpickler _loads
_pickle: loads load Unpickler
shelve: open DbfilenameShelf
dbm: open
dbm.dumb: open
copyreg: pickle add_extension __reduce_ex__
operator: attrgetter itemgetter methodcaller call
_operator: attrgetter itemgetter methodcaller
functools: reduce partialmethod cached_property singledispatch
itertools: starmap accumulate
types: FunctionType CodeType LambdaType MethodType ModuleType DynamicClassAttribute
inspect: getsource getmodule getattr_static
ctypes: CDLL PyDLL cdll.LoadLibrary pythonapi string_at memmove
ctypes.util: find_library _findLib_gcc
ctypes.macholib.dyld: dyld_find
_ctypes: dlopen CFuncPtr
io: open open_code FileIO TextIOWrapper
_io: open FileIO open_code
codecs: open decode encode lookup
_codecs: decode lookup register
tempfile: mkstemp NamedTemporaryFile mktemp
shutil: rmtree move copyfile copytree unpack_archive make_archive
pathlib: Path.write_text Path.read_bytes Path.unlink
fileinput: input FileInput
linecache: getline getlines updatecache
glob: glob
tarfile: open TarFile.extractall
zipfile: ZipFile ZipFile.extractall
gzip: open
bz2: open
lzma: open
sqlite3: connect
_sqlite3: connect
socket: socket create_connection getaddrinfo
ssl: wrap_socket get_server_certificate
http.client: HTTPConnection HTTPSConnection
urllib.request: urlopen urlretrieve Request
urllib2: urlopen
ftplib: FTP
smtplib: SMTP
telnetlib: Telnet
poplib: POP3
imaplib: IMAP4 IMAP4_stream
nntplib: NNTP
xmlrpc.client: ServerProxy
webbrowser: open open_new get
antigravity: geohash
this: s
idlelib.autocomplete: AutoComplete.get_entity AutoComplete.fetch_completions
idlelib.calltip: get_entity Calltip.fetch_tip
idlelib.debugobj: ObjectTreeItem.SetText
idlelib.pyshell: ModifiedInterpreter.runcode ModifiedInterpreter.runcommand
idlelib.run: Executive.runcode
lib2to3.pgen2.grammar: Grammar.loads
lib2to3.pgen2.pgen: ParserGenerator.make_label
distutils.file_util: write_file
distutils.spawn: spawn
ensurepip: _run_pip bootstrap
venv: create main
site: addsitedir execsitecustomize main
sys: setattr settrace exit _getframe modules
signal: signal
threading: Thread Timer
_thread: start_new_thread
sched: scheduler
atexit: register
gc: get_objects
weakref: finalize
uuid: _get_command_stdout _popen
test.support.script_helper: assert_python_ok
unittest.mock: patch
logging.config: listen dictConfig fileConfig
logging: FileHandler
configparser: ConfigParser.read
mailcap: findmatch
cgitb: handler
aifc: open
sndhdr: what
uu: decode
getpass: getpass
netrc: netrc
readline: read_init_file
mimetypes: guess_type init
string: Formatter.get_field Formatter.format
dis: dis
ast: literal_eval parse
tokenize: open
_osx_support: _read_output _find_build_tool
_aix_support: _read_cmd_output
_pyrepl.pager: pipe_pager
_pyrepl.utils: exec
""".strip()
PACKAGES = """
pip: main _internal.main
pip._internal: main
pip._internal.cli.main: main
setuptools: setup
pkg_resources: run_script
numpy: load loadtxt fromfile genfromtxt memmap save savetxt
numpy.testing._private.utils: runstring
numpy.f2py.crackfortran: getlincoef myeval _eval_length
numpy.lib.npyio: load DataSource
numpy.lib._npyio_impl: load
numpy.ctypeslib: load_library
numpy.distutils.exec_command: exec_command
pandas: read_pickle read_csv eval read_sql
pandas.io.pickle: read_pickle
pandas.core.computation.eval: eval
joblib: load Memory
joblib.numpy_pickle: load NDArrayWrapper.read
scipy.io: loadmat
sklearn.utils: estimator_html_repr
sklearn.datasets: fetch_openml
torch: load compile hub.load
torch.serialization: load _load _legacy_load
torch.hub: load load_state_dict_from_url
torch.jit: load
torch.jit.unsupported_tensor_ops: execWrapper
torch.utils._config_module: ConfigModule.load_config load_config
torch.utils.collect_env: run
torch.utils.bottleneck.__main__: run_cprofile run_autograd_prof
torch.utils.data.datapipes.utils.decoder: basichandlers
torch._dynamo.guards: GuardBuilder.get
torch._inductor.codecache: compile_file
torch.fx.experimental.symbolic_shapes: ShapeEnv.evaluate_guards_expression
torch.distributed.rpc: rpc_sync
torch.cuda.nccl: version
tensorflow: io.read_file py_function keras.utils.get_file
tensorflow.python.ops.io_ops: read_file
keras: models.load_model
keras.utils: get_file
transformers: pipeline AutoModel.from_pretrained
datasets: load_dataset
dill: loads load
dill._dill: _load_type _create_function _create_code _import_module _eval_repr
cloudpickle: loads
cloudpickle.cloudpickle: _builtin_type _make_function _make_skeleton_class subimport
requests: get post
requests.api: get request
urllib3: PoolManager
httpx: get
aiohttp: request
paramiko: SSHClient
fabric: Connection
invoke: run
sh: Command
pexpect: spawn run
yaml: load unsafe_load
jsonpickle: decode
IPython: start_ipython
IPython.utils.process: system
cffi: FFI.dlopen
nltk.downloader: download
matplotlib.pyplot: savefig
PIL.ImageMath: eval
lxml.etree: parse
jinja2: Template
sympy: sympify
numexpr: evaluate
pyspark.serializers: CloudPickleSerializer
ray.cloudpickle: loads
mlflow.pyfunc: load_model
fsspec: open
smart_open: open
boto3: client
twisted.internet.utils: getProcessOutput
django.utils.module_loading: import_string
werkzeug.utils: import_string
celery.utils.imports: import_from_cwd
bdb2: x
""".strip()


def pairs(listing: str) -> list[tuple[str, str]]:
    """Return (module, name) of a listing."""
    return [(line.partition(": ")[0], name) for line in listing.splitlines() for name in line.partition(": ")[2].split()]
