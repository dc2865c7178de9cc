"""Following a clone: statuses and mappings as Ecwid may write them (contract, sections 4 and 9)."""

import json
from collections.abc import Callable

import pytest
import responses
from responses import matchers

from clones.ecwid import CredentialsRefused, NoAnswer, NotFound, PartnerClient, Refused, RemoteStatus
from tests.ecwid.conftest import CLONE, SECRET


def completed(mapping: object) -> str:
    return json.dumps({"status": "COMPLETED", "clonedEntitiesMapping": mapping})


def test_the_documented_answer_gives_every_pair_as_text(
    api: responses.RequestsMock, partner: PartnerClient, sample: Callable[[str], str]
) -> None:
    api.get(CLONE, body=sample("clone_completed.json"), match=[matchers.query_param_matcher({"ticket": "t-1"})])

    status = partner.clone_status("t-1")

    assert status.status is RemoteStatus.COMPLETED
    assert status.mapping_present
    pairs = {"12345": "54321", "67890": "09876"}
    assert status.mapping == {"product": pairs, "category": pairs}


@pytest.mark.parametrize("known", list(RemoteStatus))
@pytest.mark.parametrize("spelling", [str, str.lower, lambda word: f" {word.replace('_', chr(92) + '_')}\n"])
def test_a_status_is_read_as_what_it_means(
    api: responses.RequestsMock, partner: PartnerClient, known: RemoteStatus, spelling: Callable[[str], str]
) -> None:
    api.get(CLONE, json={"status": spelling(known.value)})

    assert partner.clone_status("t-1").status is known


def test_an_unknown_status_is_shown_as_it_came(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, json={"status": "PAUSED\0 for now"})

    status = partner.clone_status("t-1")

    assert (status.status, status.raw_status) == (None, "PAUSED for now")


@pytest.mark.parametrize("extra", [{}, {"success": True}, {"success": False}, {"success": "false"}])
def test_a_failed_clone_is_a_status_and_says_why(
    api: responses.RequestsMock, partner: PartnerClient, extra: dict[str, object]
) -> None:
    api.get(CLONE, json={"status": "FAILED", "errorCode": "OUT\\_OF_SPACE", "errorMessage": "Disk full"} | extra)

    status = partner.clone_status("t-1")

    assert (status.status, status.error_code, status.error_message) == (
        RemoteStatus.FAILED,
        "OUT\\_OF_SPACE",
        "Disk full",
    )


def test_a_refusal_counts_more_than_any_other_status(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, json={"success": False, "status": "COMPLETED", "errorMessage": "No"})

    with pytest.raises(Refused):
        partner.clone_status("t-1")


@pytest.mark.parametrize("missing", [{}, {"clonedEntitiesMapping": None}])
def test_a_clone_of_settings_alone_has_no_mapping(
    api: responses.RequestsMock, partner: PartnerClient, missing: dict[str, object]
) -> None:
    api.get(CLONE, json={"status": "COMPLETED"} | missing)

    status = partner.clone_status("t-1")

    assert (status.mapping, status.mapping_present) == ({}, False)


@pytest.mark.parametrize("empty", [{}, [], {"products": {}}, {"products": []}, {"products": None, "categories": []}])
def test_an_empty_mapping_is_there_and_empty(
    api: responses.RequestsMock, partner: PartnerClient, empty: object
) -> None:
    api.get(CLONE, body=completed(empty))

    status = partner.clone_status("t-1")

    assert (status.mapping, status.mapping_present) == ({}, True)


@pytest.mark.parametrize("part", ["products", "categories"])
def test_one_part_of_the_mapping_is_enough(api: responses.RequestsMock, partner: PartnerClient, part: str) -> None:
    api.get(CLONE, body=completed({part: {"1": "2"}}))

    assert [*partner.clone_status("t-1").mapping.values()] == [{"1": "2"}]


def test_numbers_become_text_and_leading_zeros_stay(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, body='{"status": "COMPLETED", "clonedEntitiesMapping": {"products": {"007": 54321, "8": "09876"}}}')

    assert partner.clone_status("t-1").mapping == {"product": {"007": "54321", "8": "09876"}}


def test_an_unknown_entity_type_keeps_its_own_name(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, body=completed({"productTypes": {"1": "2"}, "Größen": {"3": 4}}))

    assert partner.clone_status("t-1").mapping == {"productTypes": {"1": "2"}, "Größen": {"3": "4"}}


def test_a_type_that_comes_by_both_of_its_names_is_one(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, body=completed({"products": {"1": "2"}, "product": {"1": 2, "3": "4"}}))

    assert partner.clone_status("t-1").mapping == {"product": {"1": "2", "3": "4"}}


def test_25_000_products_are_read(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, body=completed({"products": {str(old): old + 25_000 for old in range(25_000)}}))

    assert partner.clone_status("t-1").mapping == {"product": {str(n): str(n + 25_000) for n in range(25_000)}}


@pytest.mark.parametrize("target", [None, True, 1.5, {}, [], "", "1\0", "9" * 256, "\ud800"])
def test_an_id_that_cannot_be_used_spoils_the_answer(
    api: responses.RequestsMock, partner: PartnerClient, target: object
) -> None:
    api.get(CLONE, body=completed({"products": {"1": "2", "3": target}}))

    with pytest.raises(NoAnswer) as caught:
        partner.clone_status("t-1")

    assert caught.value.http_status == 200


@pytest.mark.parametrize(
    "mapping",
    [
        "none",
        7,
        True,
        [["1", "2"]],
        {"products": "none"},
        {"products": [{"1": "2"}]},
        {"products": {"": "1"}},
        {"products": {"1\0": "1"}},
        {"products": {"9" * 256: "1"}},
        {"": {"1": "2"}},
        {"x" * 101: {"1": "2"}},
        {"a\0b": {"1": "2"}},
        {"products": {"1": "2"}, "product": {"1": "3"}},
    ],
)
def test_a_mapping_of_another_shape_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, mapping: object
) -> None:
    api.get(CLONE, body=completed(mapping))

    with pytest.raises(NoAnswer):
        partner.clone_status("t-1")


def test_an_old_id_with_two_new_ones_is_no_answer(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, body='{"status": "COMPLETED", "clonedEntitiesMapping": {"products": {"1": "2", "1": "3"}}}')

    with pytest.raises(NoAnswer):
        partner.clone_status("t-1")


@pytest.mark.parametrize("status", [None, 7, "", "  ", "\0", [], {}])
def test_an_answer_without_a_status_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, status: object
) -> None:
    api.get(CLONE, json={"status": status})

    with pytest.raises(NoAnswer):
        partner.clone_status("t-1")


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"errorCode": "TICKET_NOT_FOUND"}', '{"success": "false"}'])
def test_404_means_that_the_ticket_is_not_known(api: responses.RequestsMock, partner: PartnerClient, body: str) -> None:
    api.get(CLONE, body=body, status=404)

    with pytest.raises(NotFound):
        partner.clone_status("t-1")


@pytest.mark.parametrize("status", [200, 400, 408, 500, 502, 503])
@pytest.mark.parametrize("body", ["", "<html>", '{"status":'])
def test_a_poll_without_a_readable_body_is_no_answer(
    api: responses.RequestsMock, partner: PartnerClient, body: str, status: int
) -> None:
    api.get(CLONE, body=body, status=status)

    with pytest.raises(NoAnswer):
        partner.clone_status("t-1")


def test_a_refused_key_is_told_from_an_unknown_ticket(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, json={"errorCode": "INVALID_API_TOKEN"}, status=404)

    with pytest.raises(CredentialsRefused):
        partner.clone_status("t-1")


def test_an_echoed_secret_is_blacked_out_of_a_status(api: responses.RequestsMock, partner: PartnerClient) -> None:
    api.get(CLONE, json={"status": f"ODD {SECRET}", "errorMessage": f"{SECRET}!", "errorCode": SECRET})

    status = partner.clone_status("t-1")

    assert SECRET not in repr(status)
    assert status.error_message == "[hidden]!"
