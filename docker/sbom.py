"""Write a CycloneDX list of the Python and Debian packages in the image.

Usage: python sbom.py ENVIRONMENT DPKG_STATUS OUTPUT

This needs cyclonedx-bom (docker/sbom.txt), which lists the Python packages.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from urllib.parse import quote

DISTRO = 'debian-12'


def python_packages(environment: Path) -> dict:
    """Return a reproducible list of the packages of a virtual environment.

    Parameters
    ----------
    environment : Path
        Folder of the environment, which need not contain pip.

    Returns
    -------
    dict
        The list in CycloneDX 1.6 format.

    """
    command = ['-m', 'cyclonedx_py', 'environment', '--output-reproducible', '--sv', '1.6']
    process = subprocess.run(
        [sys.executable, *command, '--of', 'JSON', str(environment / 'bin' / 'python')],
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(process.stdout)


def debian_packages(status: str) -> Iterator[dict]:
    """Yield a CycloneDX component for each installed package of dpkg's status file.

    Examples
    --------
    >>> status = '''Package: libc6
    ... Status: install ok installed
    ... Architecture: amd64
    ... Version: 2.36-9+deb12u1
    ...
    ... Package: gone
    ... Status: deinstall ok config-files
    ... Architecture: all
    ... Version: 1
    ... '''
    >>> [component['purl'] for component in debian_packages(status)]
    ['pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=debian-12']
    """
    for paragraph in status.strip().split('\n\n'):
        fields = Parser().parsestr(paragraph)
        if fields['Status'].split()[-1] == 'installed':
            name, version = fields['Package'], fields['Version']
            package = f'{quote(name)}@{quote(version, safe=":")}'
            purl = f'pkg:deb/debian/{package}?arch={fields["Architecture"]}&distro={DISTRO}'
            yield {
                'bom-ref': purl,
                'type': 'library',
                'name': name,
                'version': version,
                'purl': purl,
            }


def main(environment: str, status: str, output: str) -> None:
    """Write the list after checking it against the CycloneDX schema."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    bom = python_packages(Path(environment))
    bom['components'] += debian_packages(Path(status).read_text('utf-8'))
    text = json.dumps(bom, indent=1)
    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f'the list is not valid CycloneDX 1.6: {problem}')
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, 'utf-8')
    print(f'wrote {len(bom["components"])} packages to {target}')


if __name__ == '__main__':
    main(*sys.argv[1:])
