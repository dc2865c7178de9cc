"""What the wizard's pages say of rows."""

from django import template
from django.utils.html import format_html

from clones.models import Draft
from clones.templatetags.portal import number

register = template.Library()


@register.simple_tag
def file_line(draft: Draft, line: int, file: str) -> str:
    """Say where a row stood: "line 4 of the file", by name where there are several."""
    if len(draft.sources) > 1 and file:
        return format_html("line {} of <bdi>{}</bdi>", number(line), file)
    return f"line {number(line)} of the file"
