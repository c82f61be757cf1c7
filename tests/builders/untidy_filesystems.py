"""File systems that refuse calls, and files that operating systems leave behind."""

import errno
import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name('refusing.c')
REFUSALS = {
    'CIFS': ('chmod,hardlink,symlink,flock', errno.EPERM),
    'NFS with squashed users': ('chmod,utime', errno.EPERM),
    'an object store': ('chmod,utime,hardlink,symlink,fsync,flock', errno.ENOTSUP),
    'a share that does not rename over files': ('chmod,fsync,rename-over', errno.EINVAL),
}
"""Refused calls and their error, by kind of file system."""


def build_library(folder):
    """Compile the library that refuses calls; return its path, or None without a compiler."""
    library = folder / 'refusing.so'
    words = ['cc', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl']
    try:
        subprocess.run(words, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library


def refusing(library, folder, calls, error):
    """Return the variables with which a program cannot make the calls in a folder."""
    return {
        'LD_PRELOAD': str(library),
        'REFUSED_UNDER': str(folder),
        'REFUSED_CALLS': calls,
        'REFUSED_ERRNO': str(error),
    }


def litter(folder):
    """Leave files of macOS, Windows and NFS in a folder and its subfolders."""
    for path in [*folder.rglob('*'), folder]:
        if path.is_dir():
            for name in ('.DS_Store', 'Thumbs.db', 'desktop.ini', '.nfs00000000004a0001'):
                (path / name).write_bytes(b'\0\1\2\377')
        elif not path.name.startswith(('.', 'Thumbs', 'desktop')):
            # macOS keeps further properties of a file on a share in a second file.
            path.with_name(f'._{path.name}').write_bytes(b'\0\5\26\7\0\2\0\0Mac OS X')


def refuse(monkeypatch, module, name, error, condition=lambda *args: True):
    """Make a function of a module or class fail if a condition holds."""
    original = getattr(module, name)

    def function(*args, **options):
        if condition(*args):
            raise OSError(error, os.strerror(error), str(args[0]), None, *map(str, args[1:2]))
        return original(*args, **options)

    monkeypatch.setattr(module, name, function)
