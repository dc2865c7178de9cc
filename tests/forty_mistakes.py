"""A file of target stores with forty different mistakes, and where each of them has to be told.

What the database has to know beforehand is made by `prepare`.
"""

from dataclasses import dataclass

from django.utils import timezone

from clones.choices import CreationStatus
from clones.models import StoreCreation, TemplateStore
from clones.operations.launch import Order, start_batch
from clones.operations.wanted import Wanted
from tests.factories import TargetStoreFactory, TemplateStoreFactory

SECRET = "secret_Zx81mistaken"
HEADER = "store_id;email;name;label;access_token;scope;clone_demo_catalog;instant_site"


@dataclass(frozen=True)
class Mistake:
    """A row, the column where something is wrong with it, and words of the sentence about it."""

    row: str
    column: str
    words: str


MISTAKES = (
    Mistake("1.23E+08", "store_id", "spreadsheet has shortened"),
    Mistake("1,23e8", "store_id", "spreadsheet has shortened"),
    Mistake("1003.0", "store_id", "decimal number"),
    Mistake("9004,00", "store_id", "decimal number"),
    Mistake("9,005", "store_id", "between its thousands"),
    Mistake("9.006", "store_id", "between its thousands"),
    Mistake("9 007", "store_id", "between its thousands"),
    Mistake("09008", "store_id", "without leading zeros"),
    Mistake("0", "store_id", "without leading zeros"),
    Mistake("-9010", "store_id", "is not a store ID"),
    Mistake("#9011", "store_id", "is not a store ID"),
    Mistake("9012.5", "store_id", "is not a store ID"),
    Mistake("٩٠١٣", "store_id", "is not a store ID"),
    Mistake("12345678901234567890", "store_id", "is not a store ID"),
    Mistake("Bakery", "store_id", "is not a store ID"),
    Mistake("1003", "store_id", "is the template itself"),
    Mistake("1004", "store_id", "1004 (“Shoes”) cannot be cloned into"),
    Mistake("1005", "store_id", "1005 (“Archived”) cannot be cloned into"),
    Mistake(";;;No store at all", "store_id", "Write the ID of a store, or an e-mail"),
    Mistake("9020;anna@example.com;Anna", "email", "a store ID and an e-mail"),
    Mistake(";anna.example.com;Anna", "email", "is not an e-mail address"),
    Mistake(";anna@;Anna", "email", "is not an e-mail address"),
    Mistake(";an na@example.com;Anna", "email", "is not an e-mail address"),
    Mistake(f";{'a' * 250}@example.com;Anna", "email", "is not an e-mail address"),
    Mistake(";waiting@example.com;Waiting", "email", "is being created for waiting@example.com already in batch"),
    Mistake(";created@example.com;Created", "email", "its ID, 9777,"),
    Mistake(";nameless@example.com;", "name", "Write a name"),
    Mistake(f";long@example.com;{'n' * 201}", "name", "has 201 characters"),
    Mistake(';break@example.com;"two\nlines"', "name", "The name must be one line"),
    Mistake(f"9030;;;{'l' * 300}", "label", "has 300 characters"),
    Mistake('9031;;;"two\nlines"', "label", "The label must be one line"),
    Mistake(f"9032;;;;{SECRET} and more", "access_token", "is not an access token"),
    Mistake(f"9033;;;;{SECRET * 20}", "access_token", "is not an access token"),
    Mistake(f";token@example.com;Token;;{SECRET}", "access_token", "Remove the token"),
    Mistake("9035;;;;;EVERYTHING", "scope", "'EVERYTHING' is no scope"),
    Mistake("9036;;;;;;perhaps", "clone_demo_catalog", "'perhaps' is neither yes nor no"),
    Mistake("9037;;;;;;;later", "instant_site", "'later' is no choice"),
    Mistake("9038;;;;;;;publish", "instant_site", "with the store's access token"),
    Mistake("9039;;;;;;;;;surplus", "store_id", "This row has 10 cells"),
    Mistake("9001;;;Another label", "store_id", "This store stands in line 2 "),
)
RIGHT = ("9001;;;First", ";new@example.com;New store", '="9002"')


def _full(row: str) -> str:
    """Return the row with as many cells as the header names."""
    return row + ";" * (HEADER.count(";") - row.count(";"))


def the_file() -> bytes:
    """Return the file: the first right row, the mistakes, the other right rows."""
    rows = [RIGHT[0], *(mistake.row for mistake in MISTAKES), *RIGHT[1:]]
    return "\r\n".join([HEADER, *map(_full, rows), ""]).encode()


def places() -> list[tuple[int, Mistake]]:
    """Return every mistake with the line of the file where its row begins."""
    line, found = 3, []
    for mistake in MISTAKES:
        found.append((line, mistake))
        line += 1 + mistake.row.count("\n")
    return found


def prepare() -> TemplateStore:
    """Make what the database has to know; return the template, whose connection has an address for Instant Sites."""
    template = TemplateStoreFactory.create(
        store_id="1003", connection__name="Main", connection__site_url="https://vuega.ecwid.com/api/v1"
    )
    TemplateStoreFactory.create(connection=template.connection, store_id="1004", name="Shoes")
    TemplateStoreFactory.create(
        connection=template.connection, store_id="1005", name="Archived", archived_at=timezone.now()
    )
    start_batch(Order(template, targets=[Wanted(email="waiting@example.com", name="Waiting")]))
    created = TargetStoreFactory.create(connection=template.connection, store_id="9777", email="created@example.com")
    StoreCreation.objects.create(
        connection=template.connection,
        target=created,
        email=created.email,
        name="Created",
        status=CreationStatus.CREATED,
        created_at=timezone.now(),
        finished_at=timezone.now(),
    )
    return template
