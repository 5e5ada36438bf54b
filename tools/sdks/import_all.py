"""Imports every module of the packages named on the command line.

A package loads its modules on first use, so importing the package alone would prove little.
"""

import importlib
import pkgutil
import sys

for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
