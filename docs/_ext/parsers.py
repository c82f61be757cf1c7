"""Sphinx directive ``parser``, which documents every option of an argparse parser.

Its argument names the function that returns the parser, such as
``pvs_workflow.cli.parser:build_parser``. Sphinx-argparse would show defaults of the machine that
builds the pages, such as its number of processors.
"""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

MACHINE_DEFAULT = re.compile(r', %\(default\)s here')
"""Pattern of machine-dependent defaults in help texts, which are omitted."""

TITLES = {'positional arguments': 'arguments'}
WIDTH = 88


class Parser(SphinxDirective):
    """Directive that makes a section with a list of options for each group and subcommand."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the document nodes of the parser that the argument names."""
        name, _, function = self.arguments[0].partition(':')
        module = import_module(name)
        self.env.note_dependency(module.__file__)
        return list(describe(getattr(module, function)()))


def describe(parser: argparse.ArgumentParser) -> Iterator[nodes.Node]:
    """Yield usage, groups and subcommands of a parser."""
    text = usage(parser)
    yield nodes.literal_block(text, text, language='none')
    commands = None
    for group in parser._action_groups:
        items = []
        for action in group._group_actions:
            if isinstance(action, argparse._SubParsersAction):
                commands = action
            elif action.help is not argparse.SUPPRESS:
                items.append(describe_action(action, parser.prog))
        if items:
            section = new_section(TITLES.get(group.title, group.title), parser.prog)
            section += nodes.definition_list('', *items)
            yield section
    if commands is not None:
        summaries = {choice.dest: choice.help for choice in commands._choices_actions}
        for name, command in commands.choices.items():
            section = new_section(command.prog)
            section += nodes.paragraph('', f'{sentence_case(summaries[name])}.')
            section += list(describe(command))
            yield section


def new_section(title: str, prog: str = '') -> nodes.section:
    """Return an empty section, whose anchor is the command name and the title."""
    section = nodes.section(ids=[nodes.make_id(f'{prog} {title}')])
    section += nodes.title('', sentence_case(title) if prog else title)
    return section


def sentence_case(text: str) -> str:
    """Return a text with its first letter capitalised."""
    return text[:1].upper() + text[1:]


def describe_action(action: argparse.Action, prog: str) -> nodes.definition_list_item:
    """Return an argument as a definition: its names, values and help text."""
    names = action.option_strings or [action.metavar or action.dest]
    term = nodes.term('', ids=[nodes.make_id(f'{prog} {names[0]}')])
    for number, name in enumerate(names):
        term += [nodes.Text(', ' if number else ''), nodes.literal('', name)]
    if value := values(action):
        term += [nodes.Text(' '), nodes.emphasis('', value)]
    text = MACHINE_DEFAULT.sub('', action.help or '') % (vars(action) | {'prog': prog})
    return nodes.definition_list_item('', term, nodes.definition('', nodes.paragraph('', text)))


def usage(parser: argparse.ArgumentParser) -> str:
    """Return the usage, wrapped to a fixed width."""
    formatter = argparse.HelpFormatter(parser.prog, width=WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups, '')
    return formatter.format_help().strip()


def values(action: argparse.Action) -> str:
    """Return the values of an option or argument as ``--help`` shows them."""
    formatter = argparse.HelpFormatter('')
    if action.option_strings and action.nargs != 0:
        return formatter._format_args(action, action.dest.upper())
    return f'{{{",".join(map(str, action.choices))}}}' if action.choices else ''


def setup(app) -> dict:
    """Register the directive."""
    app.add_directive('parser', Parser)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
