"""Files in which Linux shows the limits of a process, as made-up trees."""

GB = 10**9
MEMORY_GB = 64
"""Memory of the made-up machine, GB."""
V1_OPTIONS = ('memory', 'cpu,cpuacct', 'pids')
"""Hierarchies of version 1, as they are usually mounted."""


def make_machine(root, *, version=2, group='/', mounted='/', files=(), flags='fpu avx avx2'):
    """Write the files of a machine.

    Parameters
    ----------
    root : Path
        Root folder of the machine.
    version : int
        Version of its control groups, 1 or 2.
    group, mounted : str
        Group of the process, and the group that is mounted at ``/sys/fs/cgroup``.
    files : mapping of str to str
        Contents of files below ``/sys/fs/cgroup``.
    flags : str
        Flags of the processor.

    """
    groups, mounts = [f'0::{group}'], []
    base = '24 23 0:2{} {} {} rw,nosuid shared:4 - {} {} rw{}'
    if version == 1:
        groups = [f'{n}:{option}:{group}' for n, option in enumerate(V1_OPTIONS, 1)]
        groups.append(f'9:name=systemd:{group}')
        for number, option in enumerate(V1_OPTIONS):
            folder = f'/sys/fs/cgroup/{option}'
            mounts.append(base.format(number, mounted, folder, 'cgroup', 'cgroup', f',{option}'))
    else:
        mounts.append(base.format(0, mounted, '/sys/fs/cgroup', 'cgroup2', 'cgroup', ''))
    write = {
        'proc/self/cgroup': '\n'.join(groups) + '\n',
        'proc/self/mountinfo': '23 1 8:1 / / rw - ext4 /dev/sda1 rw\n' + '\n'.join(mounts) + '\n',
        'proc/meminfo': f'MemTotal:       {MEMORY_GB * GB // 1024} kB\nMemFree:  1 kB\n',
        'proc/cpuinfo': f'processor\t: 0\nflags\t\t: {flags}\n',
        **{f'sys/fs/cgroup/{name}': text for name, text in dict(files).items()},
    }
    for name, text in write.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def set_ulimits(root, **limits):
    """Write the soft limits of the process; names are those of the kernel with underscores."""
    lines = ['Limit                     Soft Limit           Hard Limit           Units']
    for name, limit in limits.items():
        lines.append(f'{name.replace("_", " "):<26}{limit:<21}unlimited            units')
    (root / 'proc/self/limits').write_text('\n'.join(lines) + '\n')
