"""What pyproject.toml can't say: a wheel carries the folders that lie beside the package in the repository."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE = ("templates", "static", "translations", "docs")


class BuildWithFolders(build_py):
    """Puts them into the package, where webapp/project_folders.py finds them; an editable install leaves them."""

    def run(self):
        """Copy what is there: translations may be none."""
        super().run()
        if not self.editable_mode:
            for source, target in self._beside():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode=True):
        """The copies are outputs too."""
        beside = [] if self.editable_mode else [str(target) for _, target in self._beside()]
        return [*super().get_outputs(include_bytecode), *beside]

    def _beside(self):
        files = [file for folder in BESIDE for file in sorted(Path(folder).rglob("*")) if file.is_file()]
        return [(file, Path(self.build_lib, "webapp", file)) for file in files]


setup(cmdclass={"build_py": BuildWithFolders})
