"""A made-up Slurm queue: commands that accept, refuse and list the tasks of arrays."""

import json
import subprocess
import sys

from pvs_workflow.cli.job_array import write_slurm
from pvs_workflow.settings import Settings

QOS = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
SBATCH = """#!{python} -IS
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
limits = json.loads((folder / 'limits.json').read_text())
queue = json.loads((folder / 'queue.json').read_text())
options = dict(word.split('=', 1) for word in sys.argv[1:] if '=' in word)
tasks = [int(task) for task in options['--array'].partition('%')[0].split(',')]
message = ''
if len(queue) + len(tasks) > limits['tasks']:
    message = {qos!r}
elif max(tasks) > limits['index']:
    message = 'Invalid job array specification'
if message:
    sys.exit('sbatch: error: Batch job submission failed: ' + message)
job = 4001 + len({{task['job'] for task in queue}})
name = options.get('--job-name', 'pvs')
queue += [{{'job': job, 'task': n, 'name': name, 'path': sys.argv[-1]}} for n in tasks]
(folder / 'queue.json').write_text(json.dumps(queue))
print('sbatch: your project has 3 hours left', file=sys.stderr)
print(f'{{job}};cluster')
"""
SQUEUE = """#!{python} -IS
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
if not (folder / 'queue.json').exists():
    sys.exit('slurm_load_jobs error: Unable to contact slurm controller')
for task in json.loads((folder / 'queue.json').read_text()):
    print(task['task'], task['name'], task['path'])
"""


class Queue:
    """A queue, and a job array of some participants, next to each other in a folder."""

    def __init__(self, folder, participants, max_tasks=10**6, max_index=10**6):
        self._commands = folder / 'commands'
        self._commands.mkdir()
        for name, text in (('sbatch', SBATCH), ('squeue', SQUEUE)):
            path = self._commands / name
            path.write_text(text.format(python=sys.executable, qos=QOS))
            path.chmod(0o755)
        self.limit(max_tasks, max_index)
        self._save([])
        self.script = folder / 'my study' / 'pvs.sh'
        settings = Settings(
            bids_dir=folder / 'in',
            output_dir=folder / 'out',
            analysis_level='participant',
            run_id='1',
            write_slurm=self.script,
        )
        write_slurm(settings, [f'{n:04d}' for n in range(1, participants + 1)])

    def limit(self, max_tasks, max_index=10**6):
        """Set the number of tasks in the queue, and the largest number of a task."""
        limits = {'tasks': max_tasks, 'index': max_index}
        (self._commands / 'limits.json').write_text(json.dumps(limits))

    def tasks(self):
        """Return the tasks of arrays in the queue, as numbers of participants."""
        return sorted(
            int(task['name'].rpartition('_')[2]) + task['task']
            for task in self.read()
            if not task['name'].endswith('_group')
        )

    def groups(self):
        """Return the number of jobs of the group level in the queue."""
        return sum(task['name'].endswith('_group') for task in self.read())

    def read(self):
        """Return all tasks in the queue."""
        return json.loads((self._commands / 'queue.json').read_text())

    def finish(self, *numbers):
        """Complete participants, and remove their tasks from the queue."""
        for number in numbers:
            (self.script.with_name('pvs_done') / f'{number:04d}').touch()
        self.drop(*numbers)

    def drop(self, *numbers):
        """Remove tasks from the queue, as if they had failed."""
        keep = [
            task
            for task in self.read()
            if task['name'].endswith('_group')
            or int(task['name'].rpartition('_')[2]) + task['task'] not in numbers
        ]
        self._save(keep)

    def add(self, task, name, path):
        """Add a task of another array."""
        self._save([*self.read(), {'job': 1, 'task': task, 'name': name, 'path': str(path)}])

    def stop_answering(self):
        """Make the commands fail."""
        (self._commands / 'queue.json').unlink()

    def submit(self, *options):
        """Submit the array and return the finished process."""
        return subprocess.run(
            ['bash', self.script, 'submit', *options],
            env={'PATH': f'{self._commands}:/usr/bin:/bin'},
            capture_output=True,
            text=True,
        )

    def _save(self, tasks):
        (self._commands / 'queue.json').write_text(json.dumps(tasks))
