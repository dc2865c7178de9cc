"""The wizard's step Targets: three ways to name stores, each mistake beside its cell, and putting it right there."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clones.choices import CheckStatus
from clones.imports import MOST_ROWS
from clones.models import Draft, DraftTarget, TemplateStore
from clones.operations.drafts.rows import add_rows, row_of
from clones.secrets import Secret
from tests.drafts import HOSTILE_CSV, add_file, draft_with, ids, rows, text_of
from tests.factories import TargetStoreFactory, TemplateStoreFactory
from tests.views.markup import inline_code

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sam")]


@pytest.fixture
def template() -> TemplateStore:
    return TemplateStoreFactory.create(store_id="1001")


@pytest.fixture
def draft(template: TemplateStore, sam: User) -> Draft:
    return draft_with(sam, template)


def address(draft: Draft) -> str:
    return f"/batches/new/{draft.pk}/targets/"


def file_of(data: bytes, name: str = "customers.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "text/csv")


def words(page: str) -> str:
    """Return a page's words as one reads them."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page)))


# Adding ---------------------------------------------------------------------------------------------------------------


def test_pasted_filed_and_known_stores_come_into_one_list(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    known = TargetStoreFactory.create(connection=template.connection, store_id="9003")
    table = file_of(b"store_id;label\r\n9001;Anna\r\n")

    response = client.post(address(draft), {"pasted": "9002", "file": table, "known": [known.pk]}, follow=True)

    assert ids(draft) == ["9001", "9002", "9003"]
    assert response.redirect_chain == [(address(draft), 302)]


def test_the_count_is_told_as_a_sentence(client: Client, draft: Draft, sam: User) -> None:
    client.post(address(draft), {"pasted": "9001 9002 9001 9002 1001 12a 9003"})

    page = words(text_of(client.get(address(draft))))

    assert "5 stores, 2 duplicates removed, 1 is the template itself. 3 can be launched, 2 have mistakes." in page
    assert "9001, 9002. Each store stands on the list once." in page


def test_how_the_file_was_read_is_told(client: Client, draft: Draft) -> None:
    data = "store_id;Label;Telefon <b>;Ort\r\n9001;Müller;1;2\r\n".encode("cp1252")

    client.post(address(draft), {"file": file_of(data, "kunden <i>.csv")})

    page = text_of(client.get(address(draft)))
    assert "Read kunden <i>.csv (1 row) as Windows-1252, cells apart by semicolon." in words(page)
    assert "Columns used: store_id, label. Ignored: Telefon <b>, Ort." in words(page)
    assert "Not in the file: email, name, access_token, scope, clone_demo_catalog, instant_site." in words(page)
    assert "<i>.csv" not in page
    assert "Müller" in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04 workbook", "This is a workbook, not a CSV file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "This is not a text file"),
        (b"a;b\n1;2\n", "The first line does not name a column"),
        (b"store_id\n", "no rows below"),
        (b"store_id\n" + b"9001\n" * (MOST_ROWS + 1), "at most 5,000"),
        (b"store_id\n" + b"x" * 3_000_000, "larger than 2 MB"),
        (b'store_id\n"9001\n', "quotation mark"),
    ],
    ids=["empty", "workbook", "picture", "no columns", "no rows", "many", "large", "open quote"],
)
def test_a_file_that_cannot_be_read_is_told_of_and_what_was_there_stays(
    client: Client, draft: Draft, sam: User, data: bytes, said: str
) -> None:
    client.post(address(draft), {"pasted": "9001"})

    response = client.post(address(draft), {"file": file_of(data), "pasted": "9002", "replace": "on"})

    assert response.status_code == 422
    assert said in words(text_of(response))
    assert "9002</textarea>" in text_of(response)
    assert ids(draft) == ["9001"]


def test_arbitrary_bytes_are_never_a_500(client: Client, draft: Draft) -> None:
    for first in range(0, 256, 5):
        data = bytes((first * 7 + step * 31) % 256 for step in range(200))
        assert client.post(address(draft), {"file": file_of(data)}).status_code in {302, 422}


def test_an_upload_adds_or_replaces_as_one_says(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001"})
    client.post(address(draft), {"pasted": "9002"})
    assert ids(draft) == ["9001", "9002"]

    client.post(address(draft), {"pasted": "9003", "replace": "on"})

    assert ids(draft) == ["9003"]


@pytest.mark.parametrize("fields", [{}, {"pasted": "  "}, {"replace": "on"}])
def test_nothing_to_add_is_said_and_nothing_is_lost(client: Client, draft: Draft, fields: dict[str, str]) -> None:
    client.post(address(draft), {"pasted": "9001"})

    response = client.post(address(draft), fields)

    assert response.status_code == 422
    assert "there is nothing to add yet" in text_of(response)
    assert ids(draft) == ["9001"]


@pytest.mark.parametrize("text", ["9001\0", "9" * 600_000, "🛷, 9001", "\u202e9001", "\x1b9001", "=9001"])
def test_odd_texts_are_never_a_500(client: Client, draft: Draft, text: str) -> None:
    assert client.post(address(draft), {"pasted": text}).status_code in {302, 422}
    assert client.get(address(draft)).status_code == 200


def test_too_many_stores_are_refused_with_what_was_typed(client: Client, draft: Draft) -> None:
    text = "\n".join(str(10_000 + number) for number in range(MOST_ROWS + 1))

    response = client.post(address(draft), {"pasted": text})

    assert response.status_code == 422
    assert "At most 5,000 stores go into one batch" in text_of(response)
    assert not rows(draft)


# Known stores ---------------------------------------------------------------------------------------------------------


def test_known_stores_are_searched_and_what_was_typed_and_ticked_stays(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    anna, bert, _ = (
        TargetStoreFactory.create(connection=template.connection, store_id=f"900{number}", label=label)
        for number, label in enumerate(("Anna", "Bert <b>", "Cleo"))
    )

    response = client.post(address(draft), {"find": "1", "q": "bert", "pasted": "9009", "known": [anna.pk]})

    page = text_of(response)
    assert response.status_code == 200
    assert f'name="known" value="{anna.pk}" checked' in page
    assert f'name="known" value="{bert.pk}">' in page
    assert "Bert &lt;b&gt;" in page
    assert "Cleo" not in page
    assert "9009</textarea>" in page
    assert not rows(draft)


def test_known_stores_are_those_that_could_be_added(client: Client, draft: Draft, template: TemplateStore) -> None:
    here = template.connection
    TargetStoreFactory.create(store_id="9001", label="elsewhere")
    TargetStoreFactory.create(connection=here, store_id="9002", label="archived", archived_at=template.created_at)
    TargetStoreFactory.create(connection=here, store_id="", email="a@example.com", label="to come")
    TargetStoreFactory.create(connection=here, store_id="9003", label="listed")
    TargetStoreFactory.create(connection=here, store_id="9004", label="free")
    client.post(address(draft), {"pasted": "9003"})

    listed = re.search(r'<div class="draft-known-list".*?</div>', text_of(client.get(address(draft))), re.DOTALL)

    assert listed
    assert words(listed[0]).split() == ["9004", "free"]


def test_of_many_known_stores_the_latest_are_shown(client: Client, draft: Draft, template: TemplateStore) -> None:
    TargetStoreFactory.create_batch(60, connection=template.connection)

    page = text_of(client.get(address(draft)))

    assert page.count('name="known"') == 50
    assert "These are the latest 50: search to see others." in page


def test_a_token_among_the_names_of_columns_is_not_kept(client: Client, draft: Draft) -> None:
    tokens = [f"secret_{letter * 32}" for letter in "ab"]
    file = SimpleUploadedFile(f"{tokens[0]}.csv", f"{tokens[1]},store_id\n1,9001\n".encode())

    client.post(address(draft), {"file": file})

    page = text_of(client.get(address(draft)))
    assert "secret_…" in page
    assert not re.search("secret_[ab]", page + str(Draft.objects.get().sources))


def test_who_was_signed_out_is_told_that_the_file_was_not_kept(client: Client, draft: Draft) -> None:
    client.logout()
    file = SimpleUploadedFile("stores.csv", b"store_id\n9001\n")

    sent = client.post(address(draft), {"file": file}, headers={"referer": f"http://testserver{address(draft)}"})
    lost = client.get(sent.headers["Location"])
    looked = client.get(client.get(address(draft)).headers["Location"])

    assert "what you sent was not kept, nor was a file" in text_of(lost)
    assert f'name="next" value="{address(draft)}"' in text_of(lost)
    assert "not kept" not in text_of(looked)
    assert not rows(draft)


def test_only_rows_of_a_file_have_a_line(client: Client, draft: Draft) -> None:
    file = SimpleUploadedFile("stores.csv", b"store_id\n9001\n9002\n12b\n")

    client.post(address(draft), {"pasted": "9003\n12a", "file": file})

    assert [(row.store_id, row.line) for row in rows(draft)] == [
        ("9001", 2),
        ("9002", 3),
        ("12b", 4),
        ("9003", None),
        ("12a", None),
    ]
    page = words(text_of(client.get(address(draft))))
    assert "Line 4 of the file" in page
    assert "Pasted or chosen" in page


@pytest.mark.parametrize("known", ["x", "0", "99999999999999999999", "²"])
def test_known_stores_that_make_no_sense_are_never_a_500(client: Client, draft: Draft, known: str) -> None:
    assert client.post(address(draft), {"known": known, "pasted": "9001"}).status_code in {302, 422}
    assert client.post(address(draft), {"known": known, "find": "1"}).status_code in {200, 422}


# Mistakes -------------------------------------------------------------------------------------------------------------


def test_every_mistake_stands_beside_its_cell_with_the_files_line(client: Client, draft: Draft, sam: User) -> None:
    add_file(draft, sam, "store_id,email,name,scope\n9001,,,\n12a,b@,,everything\n,,,\n,c@example.com,,\n")

    page = text_of(client.get(address(draft)))

    first, second = re.findall(r"<li id=.*?</li>", page[page.index("draft-wrong") :], re.DOTALL)
    assert "Line 3 of the file" in words(first)
    assert "Line 5 of the file" in words(second)
    assert first.count('aria-invalid="true"') == len(rows(draft)[1].errors) == 3
    for column, said in rows(draft)[1].errors.items():
        shown = re.search(rf'id="row-\d+-{column}-error">(.*?)</div></div>', first, re.DOTALL)
        assert shown
        assert all(sentence in unescape(shown[1]) for sentence in said)
    assert "Write a name for the store that is to be created." in words(second)


def test_rows_are_put_right_in_place_by_one_save(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "12a 12b 9003"})
    first, second, _ = rows(draft)
    typed = {f"row-{first.pk}-store_id": "9001", f"row-{second.pk}-store_id": "9002", "save": "1"}

    response = client.post(address(draft), typed, follow=True)

    assert ids(draft) == ["9001", "9002", "9003"]
    assert "Saved. No row has a mistake any more." in text_of(response)


def test_a_save_leads_to_the_rows_that_have_mistakes_still(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "12a 12b"})
    first, second = rows(draft)

    once = client.post(f"{address(draft)}?q=1", {f"row-{first.pk}-store_id": "9001", "save": "1"})
    twice = client.post(address(draft), {f"row-{second.pk}-store_id": "9002", "save": "1"})

    assert once.headers["Location"] == f"{address(draft)}?q=1#stores"
    assert twice.headers["Location"] == address(draft)


def test_the_line_of_the_file_is_told_where_there_is_one(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001"})
    pasted = text_of(client.get(address(draft)))
    client.post(address(draft), {"file": file_of(b"store_id\r\n9002\r\n")})

    assert "Line of the file" not in pasted
    assert "Line of the file" in text_of(client.get(address(draft)))


def test_whoever_removes_a_row_keeps_what_was_typed_in_the_others(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "12a 12b 12c"})
    first, second, _ = rows(draft)

    response = client.post(address(draft), {f"row-{first.pk}-store_id": "9001", "remove": second.pk}, follow=True)

    assert ids(draft) == ["9001", "12c"]
    assert "The row is off the list. 1 has mistakes still." in text_of(response)


def seen(page: str) -> dict[str, str]:
    """Return what the rows of a page bring along about how they were seen."""
    return dict(re.findall(r'<input type="hidden" name="((?:row-\d+-)?seen)" value="(\w+)">', page))


def test_what_a_colleague_changed_meanwhile_stays_and_is_told(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "12a 12b"})
    first, second = rows(draft)
    brought = seen(text_of(client.get(address(draft))))
    names = [f"row-{row.pk}-store_id" for row in (first, second)]
    client.post(address(draft), {names[1]: "9002", "save": "1", **brought})

    typed = {names[0]: "9001", names[1]: "12b", "save": "1", **brought}
    page = words(text_of(client.post(address(draft), typed, follow=True)))

    assert ids(draft) == ["9001", "9002"]
    assert "A row was changed by somebody else meanwhile, and stays so: 9002." in page


def test_a_second_click_on_save_is_nobody_else(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "12a 12b"})
    typed = {f"row-{row.pk}-store_id": f"900{turn}" for turn, row in enumerate(rows(draft))}
    typed |= {f"row-{rows(draft)[0].pk}-access_token": "secret_one", "save": "1"}
    typed |= seen(text_of(client.get(address(draft))))

    answers = [client.post(address(draft), typed, follow=True) for _ in range(2)]

    assert ids(draft) == ["9000", "9001"]
    assert not [answer for answer in answers if "somebody else" in text_of(answer)]


def test_a_row_that_a_colleague_changed_meanwhile_is_shown_again(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001"})
    page = f"/batches/new/{draft.pk}/rows/{rows(draft)[0].pk}/"
    brought = seen(text_of(client.get(page)))
    client.post(page, {"store_id": "9001", "label": "Theirs", **brought})

    answer = client.post(page, {"store_id": "9001", "label": "Mine", **brought}, follow=True)

    assert rows(draft)[0].label == "Theirs"
    assert "Somebody else changed this row meanwhile" in text_of(answer)
    assert 'value="Theirs"' in text_of(answer)


@pytest.mark.parametrize("remove", ["x", "0", "99999999999999999999999", "²"])
def test_a_row_that_makes_no_sense_is_passed_over(client: Client, draft: Draft, remove: str) -> None:
    client.post(address(draft), {"pasted": "9001"})

    assert client.post(address(draft), {"remove": remove, "row-99-store_id": "5", "row-x-y": ""}).status_code == 302
    assert ids(draft) == ["9001"]


def test_all_rows_are_removed(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 9002"})

    client.post(address(draft), {"remove_all": "1"})

    assert not rows(draft)


def test_hostile_cells_are_escaped_everywhere(client: Client, draft: Draft, sam: User) -> None:
    add_file(draft, sam, HOSTILE_CSV)
    pages = [address(draft), *(f"/batches/new/{draft.pk}/rows/{row.pk}/" for row in rows(draft))]
    pages += [f"/batches/new/{draft.pk}/review/", f"/batches/new/{draft.pk}/review/?only_valid=1", "/batches/new/"]

    for page in pages:
        text = text_of(client.get(page))

        assert "<script>document" not in text, page
        assert "<img src=x" not in text, page
        assert not inline_code(text), page


def test_no_page_and_no_file_has_a_token_in_it(client: Client, draft: Draft, sam: User) -> None:
    add_file(draft, sam, HOSTILE_CSV)
    token = rows(draft)[0].access_token
    pages = [address(draft), *(f"/batches/new/{draft.pk}/rows/{row.pk}/" for row in rows(draft))]
    pages += [f"/batches/new/{draft.pk}/{page}" for page in ("template/", "check/", "review/?only_valid=1")]

    for page in pages:
        text = text_of(client.get(page))
        assert "secret_hidden" not in text
        assert "secret hidden" not in text
        assert token.ciphertext not in text
    answer = client.post(pages[1], {"store_id": "12b", "access_token": "secret_typed anew"})
    assert answer.status_code == 422
    assert "secret_typed" not in text_of(answer)


def test_a_token_that_is_set_is_told_of_and_kept_while_its_box_is_empty(
    client: Client, draft: Draft, sam: User
) -> None:
    add_rows(draft, sam, [row_of(store_id="12a", access_token="secret_one")])
    (row,) = rows(draft)
    page = text_of(client.get(address(draft)))
    assert "A token is set: leave this empty to keep it." in page
    assert f'type="password" id="row-{row.pk}-access_token"' in page

    client.post(address(draft), {f"row-{row.pk}-store_id": "9001", f"row-{row.pk}-access_token": "", "save": "1"})

    assert rows(draft)[0].access_token.reveal() == "secret_one"


# One row, and files ---------------------------------------------------------------------------------------------------


def test_one_row_is_changed_on_its_own_page(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001"})
    page = f"/batches/new/{draft.pk}/rows/{rows(draft)[0].pk}/"

    wrong = client.post(page, {"store_id": "9001", "scope": "foo"})
    right = client.post(page, {"store_id": "9002", "scope": "CATALOG", "access_token": "secret_one"})

    assert wrong.status_code == 422
    assert "'foo' is no scope" in unescape(text_of(wrong))
    assert right.headers["Location"] == f"{address(draft)}#stores"
    (row,) = rows(draft)
    assert (row.store_id, row.scope, row.access_token.reveal(), row.errors) == ("9002", "CATALOG", "secret_one", {})


def test_a_row_that_repeats_another_one_after_its_change_goes(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 9002"})

    answer = client.post(f"/batches/new/{draft.pk}/rows/{rows(draft)[1].pk}/", {"store_id": "9001"}, follow=True)

    assert ids(draft) == ["9001"]
    assert "This row repeats another one" in text_of(answer)


def test_one_row_is_removed(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 9002"})
    first, second = rows(draft)
    page = f"/batches/new/{draft.pk}/rows/{first.pk}/remove/"

    assert client.post(page).headers["Location"] == f"{address(draft)}#row-{second.pk}"
    assert client.post(page).status_code == 404
    assert ids(draft) == ["9002"]


@pytest.mark.parametrize(
    ("query", "step"), [("?q=9&page=1", "targets"), ("?step=check&show=problems", "check"), ("", "targets")]
)
def test_one_comes_back_to_where_a_row_was_opened(client: Client, draft: Draft, query: str, step: str) -> None:
    client.post(address(draft), {"pasted": "9001 9002"})
    first, second = rows(draft)
    DraftTarget.objects.update(check_status=CheckStatus.BLOCKED)
    page = f"/batches/new/{draft.pk}/rows/{second.pk}/{query}"
    there = f"/batches/new/{draft.pk}/{step}/{query}#row-"

    assert f'href="{there}{second.pk}"' in unescape(text_of(client.get(page)))
    shown = text_of(client.get(there))
    assert f'id="row-{first.pk}"' in shown
    assert f'id="row-{second.pk}"' in shown
    # What is changed is no problem any more before it is checked again: the one before it is in its place then.
    stays = first if "problems" in query else second
    assert client.post(page, {"store_id": "9003"}).headers["Location"] == f"{there}{stays.pk}"


def test_whoever_puts_mistakes_right_one_by_one_is_led_to_the_next(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 12a 12b 12c 12d"})
    _, a, b, c, d = rows(draft)
    row_page = f"/batches/new/{draft.pk}/rows/{b.pk}/"

    put_right = client.post(row_page, {"store_id": "9002", "accept": "1"})
    removed = client.post(address(draft), {"remove": c.pk})
    last = client.post(address(draft), {"remove": d.pk, f"row-{a.pk}-store_id": "12x"})
    none_left = client.post(address(draft), {"remove": a.pk})

    places = [answer.headers["Location"].removeprefix(address(draft)) for answer in (put_right, removed, last)]
    assert places == [f"#row-{c.pk}", f"#row-{d.pk}", f"#row-{a.pk}"]
    assert none_left.headers["Location"] == address(draft)


def test_search_and_page_of_the_list_stay_when_rows_are_saved_opened_or_removed(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 9002 9x"})
    query = "?q=9&page=1"

    page = unescape(text_of(client.get(address(draft) + query)))

    ids_ = {row.store_id: row.pk for row in rows(draft)}
    assert page.count(f'{query}"') == 3 + 2 + 1  # links, buttons, and the form of mistakes
    save = client.post(address(draft) + query, {f"row-{ids_['9x']}-store_id": "9003", "save": "1"})
    gone = client.post(f"/batches/new/{draft.pk}/rows/{ids_['9001']}/remove/{query}")
    assert save.headers["Location"] == address(draft) + query
    assert gone.headers["Location"] == f"{address(draft)}{query}#row-{ids_['9002']}"


def test_a_row_of_another_draft_is_not_found(client: Client, draft: Draft, sam: User) -> None:
    other = draft_with(sam, None, "9001")
    page = f"/batches/new/{draft.pk}/rows/{rows(other)[0].pk}/"

    assert [client.get(page).status_code, client.post(page).status_code] == [404, 404]
    assert client.post(f"{page}remove/").status_code == 404


def read(response: Any) -> list[list[str]]:
    content = b"".join(response) if response.streaming else response.content
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_rows_with_mistakes_are_downloaded_with_what_is_wrong_and_without_tokens(
    client: Client, draft: Draft, sam: User
) -> None:
    add_file(draft, sam, "store_id,label,access_token\n9001,Anna,\n12a,=1+1,secret_hidden\n")

    answer = client.get(f"/batches/new/{draft.pk}/bad-rows.csv")
    head, *bad = read(answer)

    assert head[-1] == "error"
    assert [row[0].strip('="') for row in bad] == ["12a"]
    assert "is not a store ID" in bad[0][-1]
    assert "secret" not in str(bad)
    assert "attachment" in answer.headers["Content-Disposition"]


def test_the_example_can_be_uploaded_as_it_is(client: Client, draft: Draft) -> None:
    example = client.get("/batches/new/example.csv").content

    assert client.post(address(draft), {"file": file_of(example)}).status_code == 302
    assert rows(draft)


# Many rows ------------------------------------------------------------------------------------------------------------


def test_of_5000_rows_one_page_is_drawn_with_the_mistakes_first_and_as_few_queries(
    client: Client, draft: Draft, sam: User
) -> None:
    client.post(address(draft), {"pasted": "9001 12a"})
    with CaptureQueriesContext(connection) as few:
        client.get(address(draft))
    text = "\n".join(str(10_000 + number) for number in range(MOST_ROWS - 3))
    client.post(address(draft), {"pasted": f"{text}\n12b"})

    with CaptureQueriesContext(connection) as many:
        page = text_of(client.get(address(draft)))
    last = text_of(client.get(address(draft), {"page": "100"}))

    assert len(many) == len(few)
    assert "5,000 stores" in page
    assert page.count("draft-row-head") == 2
    assert page.count("draft-row-actions") == 48
    assert page.index('value="12a"') < page.index('value="12b"') < page.index(">9001<")
    assert str(10_000 + MOST_ROWS - 4) in last


def test_the_list_is_searched(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001 9002 12a"})

    page = text_of(client.get(address(draft), {"q": "9002"}))

    assert page.count("draft-row-actions") == 1
    assert "draft-row-head" not in page
    assert "No row matches" in text_of(client.get(address(draft), {"q": "nothing\0"}))


def test_a_known_label_is_shown_and_a_known_token_told_of(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    token = Secret.seal("secret_known")
    TargetStoreFactory.create(connection=template.connection, store_id="9001", label="Anna <b>", token=token)
    TargetStoreFactory.create(connection=template.connection, store_id="9002")
    client.post(address(draft), {"pasted": "9001 9002"})

    page = text_of(client.get(address(draft)))
    assert "Anna &lt;b&gt;" in page
    assert page.count("</svg> Known</span>") == 1
    assert token.ciphertext not in page


# Words around stores --------------------------------------------------------------------------------------------------


def test_words_between_pasted_stores_are_passed_over_and_named(client: Client, draft: Draft) -> None:
    token = "secret_" + "a" * 32
    answer = client.post(address(draft), {"pasted": f"Please clone 9001 and 9002. Token: {token} Bye"}, follow=True)

    page = words(text_of(answer))
    assert ids(draft) == ["9001", "9002"]
    assert "Words without a number were passed over: Please, clone, Token, secret_…, Bye." in page
    assert token not in text_of(answer)


def test_of_many_words_the_first_are_named(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": f"9001 {'word ' * 10}"}, follow=True)

    assert f"passed over: {', '.join(['word'] * 8)} and 2 more." in words(text_of(answer))


def test_what_may_be_no_store_stands_first_with_its_line_and_is_not_launched(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": "9001\nKim, Tel. 4012345"}, follow=True)

    page = words(text_of(answer))
    assert "Added 1 store." in page
    assert "1 number or address of the text may be no store: it stands first, with its line." in page
    assert "2 stores. 1 can be launched, 1 has mistakes, and may be no store at all." in page
    assert "Is 4012345 a store? It stands in “Kim, Tel. 4012345”. Say so, or remove it." in page
    assert "This is a store: take the row as it stands here" in page
    assert [bool(row.errors) for row in rows(draft)] == [False, True]


def test_what_may_be_no_store_is_counted_apart_from_other_mistakes(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": "9001 90x2\nKim, Tel. 4012345"}, follow=True)

    assert "1 can be launched, 2 have mistakes, and of these 1 may be no store at all." in words(text_of(answer))


def test_whoever_says_that_it_is_a_store_has_it_taken(client: Client, draft: Draft) -> None:
    client.post(address(draft), {"pasted": "9001\nstore 9002"})
    asked = rows(draft)[1]
    assert f'name="row-{asked.pk}-accept"' in text_of(client.get(address(draft)))

    client.post(address(draft), {f"row-{asked.pk}-store_id": "9002", f"row-{asked.pk}-accept": "1", "save": "1"})

    assert [row.errors for row in rows(draft)] == [{}, {}]


@pytest.mark.parametrize("pasted", ["Tel. 040 123 45 67", "Anna <anna@example.com>"])
def test_what_cannot_be_a_store_as_it_stands_is_not_to_be_taken_so(client: Client, draft: Draft, pasted: str) -> None:
    client.post(address(draft), {"pasted": pasted})

    page = text_of(client.get(address(draft)))
    assert f"It stands in “{pasted}”" in unescape(page)
    assert "This is a store: take the row as it stands here" not in page


def test_nothing_is_said_to_be_added_where_all_is_doubtful(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": "Tel. 4012345, 4012346"}, follow=True)

    page = words(text_of(answer))
    assert "Added" not in page
    assert "2 numbers or addresses of the text may be no stores: they stand first, with their lines." in page


def test_a_pasted_table_with_column_names_says_what_it_passed_over(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": "Store ID\tLabel\tZIP\n9001\tAnna\t20095\n"}, follow=True)

    assert [(row.store_id, row.label, row.line) for row in rows(draft)] == [("9001", "Anna", None)]
    assert "Columns that are not known were passed over: ZIP." in words(text_of(answer))


def test_a_text_without_a_store_is_refused_and_kept_in_its_box(client: Client, draft: Draft) -> None:
    answer = client.post(address(draft), {"pasted": "Anna and Bert"})

    assert answer.status_code == 422
    assert "There is no store ID in this text" in text_of(answer)
    assert "Anna and Bert" in text_of(answer)


# Several files --------------------------------------------------------------------------------------------------------


def test_with_several_files_a_line_is_told_with_the_name_of_its_file(
    client: Client, draft: Draft, template: TemplateStore
) -> None:
    client.post(address(draft), {"file": file_of(b"store_id\n9001\n12a\n9001\n", "may.csv")})
    assert "Line 3 of the file" in words(text_of(client.get(address(draft))))

    client.post(address(draft), {"file": file_of(b"store_id;label\n12b;\n9001;Anna\n9002;\n9002;\n", "june.csv")})

    page = words(text_of(client.get(address(draft))))
    assert "Line 3 of may.csv" in page
    assert "Line 2 of june.csv" in page
    assert "This store stands in line 2 of “may.csv” already, with other cells" in page
    assert "9001 (line 4 of may.csv), 9002 (line 5 of june.csv)" in page
    assert "Read may.csv (3 rows) as UTF-8." in page
    assert "Read june.csv (4 rows) as UTF-8, cells apart by semicolon." in page
    assert "4 of june.csv" in words(text_of(client.get(f"/batches/new/{draft.pk}/check/")))
    wrong = draft.targets.exclude(errors={})[0]
    assert "Line 3 of may.csv: 12a" in words(text_of(client.get(f"/batches/new/{draft.pk}/rows/{wrong.pk}/")))


def test_two_files_of_one_name_are_told_apart(client: Client, draft: Draft) -> None:
    for line in (b"12a", b"12b", b"12c"):
        client.post(address(draft), {"file": file_of(b"store_id\n" + line)})

    page = words(text_of(client.get(address(draft))))
    assert [f"Line 2 of {name}" in page for name in ("customers.csv", "customers.csv (2)", "customers.csv (3)")] == [
        True
    ] * 3


def test_a_token_in_the_names_of_several_files_is_not_shown(client: Client, draft: Draft) -> None:
    token = "secret_" + "a" * 32
    for name in (f"{token}.csv", f"{token}.csv", "b.csv"):
        client.post(address(draft), {"file": file_of(b"store_id\n12" + name[:1].encode() + b"\n", name)})

    page = text_of(client.get(address(draft)))
    assert "Line 2 of secret_….csv" in words(page)
    assert token not in page
    assert not draft.targets.filter(file__contains=token).exists()
