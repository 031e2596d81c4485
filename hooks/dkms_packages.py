#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""apport: a report about a driver that dkms could not build.

dkms_packages.py -m MODULE -v VERSION -k KERNEL

Called by dkms where apport is installed. Writes a crash report that names the package which brought the driver's
source, with the log of the build.
"""

import argparse
import os
import subprocess
import sys

TREE = "/var/lib/dkms"
SOURCES = "/usr/src"


def read(path):
    """The text of a file, or None."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return None


def package_of(apport, module, version):
    """The package that brought the source, and its version; None for a source that none brought."""
    conf = os.path.join(SOURCES, f"{module}-{version}", "dkms.conf")
    package = apport.packaging.get_file_package(conf)
    if not package:
        return None
    return package, apport.packaging.get_version(package)


def compiler():
    """The first line of gcc --version."""
    try:
        text = subprocess.run(["gcc", "--version"], stdout=subprocess.PIPE, check=False).stdout
    except OSError:
        return None
    return text.decode("utf-8", "replace").split("\n", maxsplit=1)[0]


def make_report(apport, options):
    """The report, or None where it is nobody's to receive."""
    found = package_of(apport, options.module, options.version)
    if not found:
        return None
    package, package_version = found
    report = apport.Report("Package")
    report["Package"] = f"{package} {package_version}"
    report["SourcePackage"] = apport.packaging.get_source(package)
    report["Title"] = f"{package} {package_version}: {options.module} does not build for kernel {options.kernel}"
    report["PackageVersion"] = package_version
    report["DKMSKernelVersion"] = options.kernel
    base = os.path.join(TREE, options.module, options.version)
    for log in (
        os.path.join(base, "build", "make.log"),
        os.path.join(base, ".failed", options.kernel, os.uname().machine, "log"),
    ):
        text = read(log)
        if text:
            report["DKMSBuildLog"] = text
            break
    version = compiler()
    if version:
        report["GccVersion"] = version
    return report


def write_report(apport, report):
    """Writes it where apport looks for reports; an older one of the same package is replaced."""
    path = apport.fileutils.make_report_path(report)
    if os.path.exists(path):
        os.unlink(path)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(fd, "wb") as file:
        report.write(file)
    return path


def main():
    """The whole program; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("-m", dest="module", required=True)
    parser.add_argument("-v", dest="version", required=True)
    parser.add_argument("-k", dest="kernel", required=True)
    options = parser.parse_args()
    try:
        import apport  # pylint: disable=import-outside-toplevel
        import apport.fileutils  # pylint: disable=import-outside-toplevel
    except ImportError:
        return 0
    report = make_report(apport, options)
    if report is None:
        return 0
    try:
        write_report(apport, report)
    except OSError as error:
        print(f"dkms_packages.py: cannot write a report: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
