"""The small part of Jinja that an inventory's templates may use.

``{{ name }}``, texts, the filters ``upper``, ``lower`` and ``default``, and
``lookup('env', NAME)``. Everything else is refused, because it would need Ansible itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jinja2 import StrictUndefined, TemplateError, Undefined, meta, nodes
from jinja2.sandbox import SandboxedEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BadTemplateError", "Template", "is_template", "template"]

_FILTERS: Final = frozenset({"upper", "lower", "default", "d"})
_LOOKUPS: Final = frozenset({"env", "ansible.builtin.env"})
_JINJA: Final = SandboxedEnvironment(
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,
)


class BadTemplateError(Exception):
    """A template cannot be read, is outside the subset, or needs what is not there.

    Its text is a predicate without the template's own words, which may be secret.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template, ready to render.

    Attributes:
        names: The variables that it reads.
        evaluate: Takes them and ``lookup``; see :meth:`render`.
    """

    names: frozenset[str]
    evaluate: Callable[[Mapping[str, object]], object]

    def render(self, context: Mapping[str, object]) -> object:
        """Return the text; for a template that is one expression its value, as in Ansible.

        Raises:
            BadTemplateError: A variable that it reads is missing.
        """
        try:
            value = self.evaluate(context)
            return str(value) if isinstance(value, Undefined) else value
        except TemplateError:
            raise BadTemplateError("needs what is not there") from None


def is_template(text: str) -> bool:
    """Return whether Jinja would see more in ``text`` than plain text."""
    return "{{" in text or "{%" in text or "{#" in text


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """Return ``text``, parsed.

    Raises:
        BadTemplateError: It cannot be parsed, or uses more than the subset.
    """
    try:
        parsed = _JINJA.parse(text)
    except TemplateError:
        raise BadTemplateError("cannot be read") from None
    foreign = next((name for node in parsed.body if (name := _foreign(node))), "")
    if foreign:
        raise BadTemplateError(f"uses {foreign}")
    names = frozenset(meta.find_undeclared_variables(parsed)) - {"lookup"}
    if _is_one_expression(parsed):
        expression = text.strip()[2:-2].strip("-+ \t\n")
        evaluate = _JINJA.compile_expression(expression, undefined_to_none=False)
        return Template(names=names, evaluate=evaluate)
    return Template(names=names, evaluate=_JINJA.from_string(text).render)


def _is_one_expression(parsed: nodes.Template) -> bool:
    match parsed.body:
        case [nodes.Output(nodes=[nodes.Expr() as only])]:
            return not isinstance(only, nodes.TemplateData)
    return False


def _foreign(node: nodes.Node) -> str:
    """Return what of a template's part is outside the subset; empty where nothing is."""
    match node:
        case nodes.Output() | nodes.TemplateData() | nodes.Name() | nodes.Const() | nodes.Keyword():
            pass
        case nodes.Filter(name=name):
            if name not in _FILTERS:
                return f"the filter {name!r}"
        case nodes.Call(
            node=nodes.Name(name="lookup"), args=[nodes.Const(value=plugin), _], kwargs=[]
        ):
            if plugin not in _LOOKUPS:
                return "a lookup other than 'env'"
        case nodes.Call():
            return "a function call"
        case _:
            return f"more than names ({type(node).__name__})"
    return next((name for child in node.iter_child_nodes() if (name := _foreign(child))), "")
