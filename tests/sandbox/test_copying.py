"""A clone really copies, under new IDs, what its scope says."""

from typing import Any

import pytest

from tests.sandbox.api import Api
from tests.sandbox_process import SandboxProcess

ROOT_OF_THE_TREE = "root"


def tree(categories: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return (name, parent's name) of every category."""
    names = {row["id"]: row["name"] for row in categories}
    return {(row["name"], names[row["parent_id"]] if row["parent_id"] else ROOT_OF_THE_TREE) for row in categories}


def on_the_shelf(store: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return what a customer sees of every product, with categories and type by name."""
    categories = {row["id"]: row["name"] for row in store["categories"]}
    types = {row["id"]: row["name"] for row in store["types"]} | {0: "default"}
    return [
        (
            row["name"],
            row["sku"],
            row["enabled"],
            tuple(categories[one] for one in row["category_ids"] if one in categories),
            types[row["type_id"]],
        )
        for row in store["products"]
    ]


def without_samples(store: dict[str, Any]) -> dict[str, Any]:
    return {
        **store,
        "products": [row for row in store["products"] if not row["is_sample"]],
        "categories": [row for row in store["categories"] if not row["is_sample"]],
    }


def test_products_categories_and_types_arrive_as_they_were(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, products=120, categories=40, types=3)

    answer = api.ended(api.accepted())

    source, target = sandbox.store(1), sandbox.store(2)
    assert answer["status"] == "COMPLETED"
    assert len(target["products"]) == 120
    assert len(tree(target["categories"])) == 40
    assert tree(target["categories"]) == tree(source["categories"])
    assert on_the_shelf(target) == on_the_shelf(source)
    assert [row["name"] for row in target["types"]] == [row["name"] for row in source["types"]]


def test_the_generated_tree_is_deeper_than_two_levels(sandbox: SandboxProcess) -> None:
    sandbox.add_store(1, categories=40)

    parents = {row["id"]: row["parent_id"] for row in sandbox.store(1)["categories"]}

    assert any(parents[parents[parent]] for parent in parents.values() if parent and parents[parent])


def test_addresses_belong_to_the_target(sandbox: SandboxProcess, api: Api) -> None:
    api.ended(api.accepted())

    store = sandbox.store(2)

    assert all(row["url"].startswith("https://store2.company.site/") for row in store["products"] + store["categories"])
    assert all(row["url"].endswith(f"/c/{row['id']}") for row in store["categories"])


def test_the_mapping_names_what_was_copied_and_equals_the_log(sandbox: SandboxProcess, api: Api) -> None:
    ticket = api.accepted()

    mapping = api.ended(ticket)["clonedEntitiesMapping"]

    source, target = without_samples(sandbox.store(1)), sandbox.store(2)
    assert mapping == sandbox.mapping(ticket)
    for kind in ("products", "categories"):
        new_by_old = {int(old): int(new) for old, new in mapping[kind].items()}
        assert list(new_by_old) == [row["id"] for row in source[kind]]
        assert [row["id"] for row in target[kind]] == list(new_by_old.values())


def test_products_and_categories_share_numbers(api: Api) -> None:
    mapping = api.ended(api.accepted())["clonedEntitiesMapping"]

    assert set(mapping["products"]) & set(mapping["categories"])


@pytest.mark.parametrize(
    ("parameters", "copied"), [({}, 12), ({"cloneDemoCatalog": "false"}, 12), ({"cloneDemoCatalog": "true"}, 14)]
)
def test_samples_are_copied_only_on_request(
    sandbox: SandboxProcess, api: Api, parameters: dict[str, str], copied: int
) -> None:
    api.ended(api.accepted(**parameters))

    assert len(sandbox.store(2)["products"]) == copied


def test_a_target_with_nothing_but_samples_is_empty(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, sample_products=3, sample_categories=2)

    answer = api.ended(api.accepted())

    assert answer["status"] == "COMPLETED"
    assert len(sandbox.store(2)["products"]) == 15


def test_settings_alone_copy_no_catalog_and_have_no_mapping(sandbox: SandboxProcess, api: Api) -> None:
    ticket = api.accepted(scope="STORE_SETTINGS")

    answer = api.ended(ticket)

    source, target = sandbox.store(1), sandbox.store(2)
    assert answer == {"status": "COMPLETED"}
    assert sandbox.mapping(ticket) == {}
    assert (target["products"], target["categories"], target["types"]) == ([], [], [])
    assert (target["settings"], target["zones"]) == (source["settings"], 2)
    assert target["owner_email"] != source["owner_email"]


def test_a_catalog_alone_leaves_the_settings(sandbox: SandboxProcess, api: Api) -> None:
    before = sandbox.store(2)

    api.ended(api.accepted(scope="CATALOG"))

    after = sandbox.store(2)
    assert (after["settings"], after["zones"]) == (before["settings"], before["zones"])
    assert len(after["products"]) == 12


def test_an_empty_template_has_an_empty_mapping(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1)

    answer = api.ended(api.accepted())

    assert answer["clonedEntitiesMapping"] == {"products": {}, "categories": {}}


def test_padded_ids_and_unknown_entity_types_are_in_the_answer_and_in_the_log(
    sandbox: SandboxProcess, api: Api
) -> None:
    sandbox.add_store(1, products=30, zero_padded_ids=True)
    sandbox.add_store(2, extra_mapping={"promotions": {"7": "8"}})
    ticket = api.accepted()

    mapping = api.ended(ticket)["clonedEntitiesMapping"]

    padded = [new for new in mapping["products"].values() if new.startswith("0")]
    assert len(padded) == 3
    assert mapping["promotions"] == {"7": "8"}
    assert sandbox.mapping(ticket) == mapping


def test_a_failing_clone_says_why_and_copies_nothing(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(2, fails_with="Out of boxes")

    answer = api.ended(api.accepted())

    assert answer == {"status": "FAILED", "errorMessage": "Out of boxes"}
    assert sandbox.store(2)["products"] == []


def test_twenty_five_thousand_products_are_copied_while_others_are_answered(sandbox: SandboxProcess, api: Api) -> None:
    sandbox.add_store(1, products=25_000, categories=300)
    ticket = api.accepted()

    mapping = api.ended(ticket)["clonedEntitiesMapping"]

    assert len(mapping["products"]) == 25_000
    assert len({*mapping["products"].values()}) == 25_000
    assert sandbox.mapping(ticket) == mapping
