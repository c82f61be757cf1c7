import argparse
import inspect
import pkgutil
import re
import shutil
from importlib import import_module

import pytest

import pvs_workflow
import pvs_workflow.workflows
from pvs_workflow.cli import parser
from pvs_workflow.derivatives.columns import TABLES, describe_columns
from pvs_workflow.lab.cli import main as cascade
from tests.builders.docs import DOCS, ROOT

pytestmark = pytest.mark.slow
COMMANDS = {'usage': parser.build_parser, 'pvs_cascade': cascade.cascade_parser}
RESOURCES = {
    'audio': 'src',
    'embed': 'src',
    'iframe': 'src',
    'img': 'src',
    'link': 'href',
    'object': 'data',
    'script': 'src',
    'source': 'src',
    'video': 'src',
}


def plain(text):
    """Return a text on one line, with straight quotation marks."""
    return ' '.join(text.translate(str.maketrans('‘’“”', '\'\'""')).split())


def subcommands(command):
    """Return a parser and those of its subcommands."""
    commands = [command]
    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            commands += [sub for choice in action.choices.values() for sub in subcommands(choice)]
    return commands


def modules():
    """Return the names of all public modules."""
    packages = pkgutil.walk_packages(pvs_workflow.__path__, 'pvs_workflow.')
    return [module.name for module in packages if '._' not in module.name]


def builders():
    """Return the full names of all builders of workflows."""
    for module in pkgutil.iter_modules(pvs_workflow.workflows.__path__, 'pvs_workflow.workflows.'):
        for name, function in inspect.getmembers(import_module(module.name), inspect.isfunction):
            if name.startswith('init_') and function.__module__ == module.name:
                yield f'{module.name}.{name}'


@pytest.mark.parametrize('name', COMMANDS)
def test_every_option_of_every_command_is_listed(site, pages, name):
    page = pages[site / f'{name}.html']
    commands = subcommands(COMMANDS[name]())
    for command in commands:
        top = command is commands[0]
        listed = (
            page.code() if top else page.code(command.prog.replace(' ', '-').replace('_', '-'))
        )
        options = {option for action in command._actions for option in action.option_strings}
        assert options
        assert options <= listed, command.prog


@pytest.mark.parametrize('name', COMMANDS)
def test_every_option_is_explained(site, pages, name):
    lists = pages[site / f'{name}.html'].soup.find_all('dl')
    items = [item for part in lists for item in part.find_all('dd', recursive=False)]
    assert len(items) > 15
    assert all(plain(item.get_text()) for item in items)


@pytest.mark.parametrize('table', TABLES)
def test_every_column_is_described(site, pages, table):
    rows = {}
    for row in pages[site / 'outputs.html'].soup.find_all('tr'):
        cells = [plain(cell.get_text()) for cell in row.find_all('td')]
        if cells:
            rows.setdefault(cells[0], []).append(cells[-1])
    for name, entry in describe_columns(table).items():
        start = plain(entry['Description'])
        assert any(text.startswith(start) for text in rows.get(name, [])), name


def test_pages_load_nothing_from_other_sites(pages):
    for page in pages.values():
        for tag, attribute in RESOURCES.items():
            for element in page.soup.find_all(tag, **{attribute: True}):
                assert not re.match(r'(\w+:)?//', element[attribute]), (page.path, element)
        assert not page.soup.find_all(srcset=True)


def test_styles_load_nothing_from_other_sites(site):
    styles = list(site.rglob('*.css'))
    assert styles
    for path in styles:
        text = path.read_text('utf-8')
        assert not re.search(r'(url\(\s*["\']?|@import\s+["\'])\s*(https?:)?//', text), path


def test_loaded_files_exist(pages):
    for page in pages.values():
        for tag, attribute in RESOURCES.items():
            for element in page.soup.find_all(tag, **{attribute: True}):
                name = element[attribute].partition('?')[0].partition('#')[0]
                if name and not name.startswith('data:'):
                    assert (page.path.parent / name).is_file(), (page.path, element)


def test_links_and_anchors_resolve(pages):
    for page in pages.values():
        for link in page.links:
            assert link.page.exists(), (page.path, link)
            if link.anchor and link.page in pages:
                assert link.anchor in pages[link.page].anchors | {'top'}, (page.path, link)


def test_every_page_can_be_reached_from_the_first(site, pages):
    first = site / 'index.html'
    reached, new = {first}, [first]
    while new:
        targets = {link.page for link in pages[new.pop()].links} & set(pages)
        new += targets - reached
        reached |= targets
    expected = {site / f'{path.stem}.html' for path in DOCS.glob('*.md')}
    expected |= {site / 'api' / f'{name}.html' for name in modules()}
    assert len(expected) > 100
    assert expected <= reached


def test_every_picture_has_a_description(pages):
    pictures = [image for page in pages.values() for image in page.soup.find_all('img')]
    assert len(pictures) > 10
    assert all(image.get('alt', '').strip() for image in pictures)


def test_every_workflow_has_its_graph(site, pages):
    names = list(builders())
    assert len(names) >= 7
    for name in names:
        page = pages[site / 'api' / f'{name.rpartition(".")[0]}.html']
        entry = page.soup.find(id=name).find_parent('dl')
        if not shutil.which('dot'):
            assert entry.find('pre')
            continue
        (picture,) = entry.find_all('img')
        drawn = (page.path.parent / picture['src']).read_text('utf-8')
        assert 'inputnode' in drawn or '_wf' in drawn, name


def test_pages_do_not_contain_the_build_folder(pages):
    for page in pages.values():
        assert str(ROOT) not in page.text
        assert ' object at 0x' not in page.text
