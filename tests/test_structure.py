"""The shape of the code base: who may import whom, and what stays out."""

import ast
import re
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / 'mmseaice'

BASE = {'errors', 'version', 'utils'}
SCIENCE = {'charts', 'scenes', 'evaluation.functional'}
LEARNING = {
    'registry',
    'structures',
    'datasets',
    'models',
    'evaluation',
    'engine',
    'visualization',
}
FRONT = {'apis', 'testing'}
ALLOWED = {
    **dict.fromkeys(BASE, BASE),
    **dict.fromkeys(SCIENCE, BASE | SCIENCE),
    **dict.fromkeys(LEARNING, BASE | SCIENCE | LEARNING),
    'apis': BASE | SCIENCE | LEARNING | {'apis'},
    'testing': BASE | SCIENCE | LEARNING | FRONT,
}
HEAVY = {'torch', 'torchvision', 'timm', 'mmengine', 'mmcv', 'mmseg'}
HEAVY |= {'mmpretrain'}

CODE = sorted(
    path
    for folder in ('mmseaice', 'configs', 'tools', 'tests')
    for path in (ROOT / folder).rglob('*.py')
    if '.mim' not in path.parts
)
PAGES = sorted(
    {
        ROOT / 'README.md',
        *ROOT.glob('*/README.md'),
        *ROOT.glob('p*/*.md'),
        *ROOT.glob('downstream/*.md'),
        *ROOT.glob('*/jobs/*.*'),
    }
)
STUDIES = sorted(ROOT.glob('*/jobs/*.txt'))


def named(paths):
    return [pytest.param(p, id=str(p.relative_to(ROOT))) for p in paths]


def room_of(module):
    """'scenes' of 'mmseaice.scenes.open', '' of anything else."""
    parts = module.split('.')
    if parts[0] != 'mmseaice' or len(parts) < 2:
        return ''
    two = '.'.join(parts[1:3])
    return two if two in SCIENCE else parts[1]


def imports_of(path):
    """Names of all modules that a file imports, anywhere in it."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            up = package[: len(package) + 1 - node.level]
            start = [*up] if node.level else []
            module = '.'.join([*start, *filter(None, [node.module])])
            yield module
            # `from .. import registry` names rooms, too.
            if module == 'mmseaice':
                yield from (f'{module}.{alias.name}' for alias in node.names)


@pytest.mark.parametrize('path', named(PACKAGE.rglob('*.py')))
def test_imports_point_down(path):
    module = '.'.join(path.relative_to(ROOT).with_suffix('').parts)
    room = room_of(module.removesuffix('.__init__'))
    if not room:
        assert path.parent == PACKAGE
        return
    for name in imports_of(path):
        if target := room_of(name):
            assert target in ALLOWED[room] or target == '__version__', name
        if room in SCIENCE:
            assert name.split('.')[0] not in HEAVY, name
        assert name.split('.')[0] not in ('tools', 'tests'), name


def test_every_room_has_its_place_in_the_layers():
    rooms = {path.parent.name for path in PACKAGE.glob('*/__init__.py')}
    assert rooms <= {name.split('.')[0] for name in ALLOWED}


def run_python(script, *args):
    script = textwrap.dedent(script)
    return subprocess.run(
        [sys.executable, '-c', script, *args],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_science_rooms_work_without_torch_installed():
    done = run_python(
        """
        import importlib, pkgutil, sys

        class Absent:
            def find_spec(self, name, *rest):
                if name.split('.')[0] in sys.argv[1:]:
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, Absent())
        for room in ('charts', 'scenes', 'evaluation.functional'):
            room = importlib.import_module(f'mmseaice.{room}')
            prefix = room.__name__ + '.'
            for found in pkgutil.walk_packages(room.__path__, prefix):
                importlib.import_module(found.name)
        """,
        *HEAVY,
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_package_imports_nothing_else():
    done = run_python(
        """
        import sys
        before = {name.split('.')[0] for name in sys.modules}
        import mmseaice
        after = {name.split('.')[0] for name in sys.modules}
        print(*(after - before))
        """
    )
    assert done.stdout.split() == ['mmseaice']


@pytest.mark.parametrize('tool', ['train', 'test'])
def test_help_answers_before_torch_is_imported(tool):
    done = run_python(
        f"""
        import runpy, sys
        sys.argv = ['{tool}.py', '--help']
        try:
            runpy.run_path('tools/{tool}.py', run_name='__main__')
        except SystemExit as end:
            assert not end.code
        assert 'torch' not in sys.modules
        """
    )
    assert done.returncode == 0, done.stderr
    assert '--cfg-options' in done.stdout


@pytest.mark.parametrize('door', ['pretraining', 'downstream'])
def test_front_doors_hold_no_python(door):
    assert list((ROOT / door).rglob('*.py')) == []


@pytest.mark.parametrize('page', named(PAGES))
def test_no_dead_link(page):
    text = page.read_text()
    links = re.findall(r'\]\(([^)#\s]+)[^)]*\)', text)
    links = [ln for ln in links if not re.match(r'[a-z]+:', ln)]
    dead = [ln for ln in links if not (page.parent / ln).exists()]
    assert dead == []


@pytest.mark.parametrize('page', named(PAGES))
def test_no_missing_file_or_verb(page):
    text = page.read_text()
    tops = 'configs|tools|docs|tests|mmseaice|pretraining|downstream'
    paths = re.findall(
        rf'(?<![\w/.-])((?:{tops})/[\w./-]+\.(?:py|sh|md|ipynb|txt))', text
    )
    assert [path for path in paths if not (ROOT / path).exists()] == []
    makefile = (ROOT / 'Makefile').read_text()
    verbs = re.findall(r'`make ([a-z-]+)`', text)
    known = re.findall(r'^([a-z-]+):', makefile, re.M)
    assert set(verbs) <= set(known)


def test_no_machine_path():
    pattern = re.compile(r'/(?:home|scratch|project|lustre|Users)/')
    texts = [*(ROOT / 'configs').rglob('*.py'), *PAGES]
    texts += [*(ROOT / 'tools').rglob('*.*'), ROOT / 'Makefile']
    texts = [path for path in texts if path.suffix not in ('.pyc', '.png')]
    found = [str(p) for p in texts if pattern.search(p.read_text())]
    assert found == []


def test_files_stay_short():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in CODE
    }
    assert {name: n for name, n in lengths.items() if n > 400} == {}
    own = [n for name, n in lengths.items() if name.startswith('mmseaice')]
    assert statistics.median(own) < 150


@pytest.mark.parametrize('folder', ['mmseaice', 'tools'])
def test_no_pickle(folder):
    """No module that pickles is imported, and no file is opened so."""
    banned = {'pickle', 'dill', 'joblib', 'cloudpickle', 'shelve', 'marshal'}
    for path in (ROOT / folder).rglob('*.py'):
        text = path.read_text()
        # The name of an exception is all that is needed of pickle.
        text = text.replace('from pickle import UnpicklingError', '')
        roots = {
            alias.name.split('.')[0]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or '').split('.')[0]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ImportFrom)
        }
        benchmark = 'benchmarks' in path.parts
        assert benchmark or not roots & banned, path
        assert benchmark or 'allow_pickle=True' not in text, path
