import pytest

from clones.operations.errors import InvalidRequestError
from clones.operations.names import check_name


@pytest.mark.parametrize(
    "name", ["", "Café\u00a0Rouge", "👩\u200d🔧 tools", "متجر\u200f", "<b>x</b>", "=1+1", "x" * 5000]
)
def test_a_line_of_text_in_any_writing_is_a_name(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\x00b", "a\tb", "a\u2028b", "a\x1b[31mb", "a\ud800b"])
def test_what_is_not_one_line_of_text_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="one line of text"):
        check_name(name)
