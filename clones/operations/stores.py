"""Template stores and target stores, as an administrator keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone

from clones.models import CloneJob, Connection, TargetStore, TemplateStore
from clones.operations.columns import check_columns
from clones.operations.errors import InvalidRequestError, about
from clones.operations.keys import check_key
from clones.operations.names import check_name
from clones.operations.store_ids import check_store_id, check_store_ids
from clones.operations.two_sides import refuse_templates
from clones.secrets import Secret


@dataclass(frozen=True)
class StoreFacts:
    """What a store is to be: a template's name, or a target's label. `token`: None keeps it, "" removes it."""

    name: str
    token: str | None = field(default=None, repr=False)


class TemplateExistsError(InvalidRequestError):
    """The store is a template already: `template`, perhaps archived, so that a page can offer to take it back."""

    def __init__(self, template: TemplateStore) -> None:
        what, advice = "a template store", "change that one"
        if template.archived_at:
            what, advice = "an archived template store", "take that one back into use"
        super().__init__(f"Store {template.store_id} is {what} already, “{template.name}”: {advice}.", "store_id")
        self.template = template


@dataclass(frozen=True)
class Imported:
    """Targets by what became of each: made, taken back out of the archive, in use already and left as it was."""

    made: list[TargetStore]
    restored: list[TargetStore]
    known: list[TargetStore]


def save_template(connection: Connection, store_id: str, name: str, token: str = "") -> tuple[TemplateStore, bool]:
    """Make the template store, or rename it and set its token where one is given; True: it was made.

    An archived one is taken back into use. Raises InvalidRequestError.
    """
    facts = StoreFacts(name, token or None)
    with transaction.atomic():
        found = TemplateStore.objects.filter(connection=connection, store_id=_template_id(store_id)).first()
        if found is None:
            return make_template(connection, store_id, facts), True
        if found.archived_at:
            found = restore_template(found)
        return change_template(found, facts), False


def make_template(connection: Connection, store_id: str, facts: StoreFacts) -> TemplateStore:
    """Make a template store. Raises TemplateExistsError, and InvalidRequestError for all else."""
    store_id = _template_id(store_id)
    new = TemplateStore(connection=connection, store_id=store_id)
    _set_template(new, facts)
    with transaction.atomic():
        # The insert decides who was first; the row as filled in above is what goes in.
        found, made = TemplateStore.objects.get_or_create(
            connection=connection, store_id=store_id, defaults={"name": new.name, "token": new.token}
        )
        if not made:
            raise TemplateExistsError(found)
        _refuse_target(connection, store_id)
    return found


def change_template(template: TemplateStore, facts: StoreFacts) -> TemplateStore:
    """Rename the template and keep, set or remove its token; returns it as it is now. Raises InvalidRequestError."""
    with transaction.atomic():
        row = TemplateStore.objects.select_for_update(no_key=True).get(pk=template.pk)
        _set_template(row, facts)
        row.save(update_fields=["name", "token"])
    return row


def archive_template(template: TemplateStore) -> TemplateStore:
    """Offer the template for no more launches. What was launched goes on; its history stays."""
    template.archived_at = template.archived_at or timezone.now()
    template.save(update_fields=["archived_at"])
    return template


def restore_template(template: TemplateStore) -> TemplateStore:
    """Take the template back into use. Raises InvalidRequestError where the store has become a target."""
    with transaction.atomic():
        _refuse_target(template.connection, template.store_id)
        template.archived_at = None
        template.save(update_fields=["archived_at"])
    return template


def delete_template(template: TemplateStore) -> None:
    """Delete a template that nothing was made from. Raises InvalidRequestError for any other."""
    refusal = "Clones were made from this template store: archive it instead, which keeps their history."
    _delete(TemplateStore.objects.filter(pk=template.pk), refusal)


def import_targets(connection: Connection, store_ids: Sequence[str], label: str = "", token: str = "") -> Imported:
    """Make the target stores of these IDs; archived ones are taken back into use.

    All or nothing where something is wrong: raises InvalidRequestError. Label and token belong to one new store.
    """
    with about("store_ids"):
        wanted = check_store_ids(store_ids)
        if not wanted:
            raise InvalidRequestError("Name at least one store ID.")
    facts = _facts_of_one(wanted, label, token)
    with transaction.atomic():
        refuse_templates(connection, wanted, "store_ids")
        imported = _import(connection, wanted)
        return _with_facts(imported, facts) if facts else imported


def change_target(target: TargetStore, facts: StoreFacts) -> TargetStore:
    """Set the target's label (empty: none) and keep, set or remove its token; returns it as it is now.

    Raises InvalidRequestError.
    """
    with transaction.atomic():
        row = TargetStore.objects.select_for_update(no_key=True).get(pk=target.pk)
        _set_target(row, facts)
        row.save(update_fields=["label", "token"])
    return row


def archive_target(target: TargetStore) -> TargetStore:
    """Put the target away; its history stays, and a launch that names it takes it back.

    Raises InvalidRequestError while a clone into it is active.
    """
    with transaction.atomic():
        # As a launch does: whoever comes second sees what the first one made of it.
        row = TargetStore.objects.select_for_update(no_key=True).get(pk=target.pk)
        for job in CloneJob.objects.active().filter(target=row)[:1]:
            message = f"Clone {job.pk} into this store has not ended: wait for its end, or cancel it, then archive."
            raise InvalidRequestError(message)
        row.archived_at = row.archived_at or timezone.now()
        row.save(update_fields=["archived_at"])
    return row


def restore_target(target: TargetStore) -> TargetStore:
    """Take the target back into use. Raises InvalidRequestError where the store has become a template."""
    with transaction.atomic():
        refuse_templates(target.connection, [target.store_id])
        target.archived_at = None
        target.save(update_fields=["archived_at"])
    return target


def delete_target(target: TargetStore) -> None:
    """Delete a target that was never cloned into. Raises InvalidRequestError for any other."""
    refusal = "This store was cloned into: archive it instead, which keeps the history."
    _delete(TargetStore.objects.filter(pk=target.pk), refusal)


def _template_id(text: str) -> str:
    with about("store_id"):
        return check_store_id(text)


def _set_template(template: TemplateStore, facts: StoreFacts) -> None:
    template.name = facts.name.strip()
    with about("name"):
        check_name(template.name)
        if not template.name:
            raise InvalidRequestError("A template store needs a name.")
    _set_token(template, facts)
    check_columns(template)


def _set_target(target: TargetStore, facts: StoreFacts) -> None:
    target.label = facts.name.strip()
    with about("label"):
        check_name(target.label)
    _set_token(target, facts)
    check_columns(target)


def _set_token(store: TemplateStore | TargetStore, facts: StoreFacts) -> None:
    if facts.token is not None:
        store.token = Secret.seal(check_key(facts.token, "The store token", "token"))


def _refuse_target(connection: Connection, store_id: str) -> None:
    """Refuse a template that people clone into; an archived target is history, and no obstacle."""
    targets = TargetStore.objects.filter(connection__api_url=connection.api_url, store_id=store_id, archived_at=None)
    for target in targets.select_related("connection")[:1]:
        message = (
            f"Store {store_id} is a target store of connection “{target.connection}”, and nothing may be cloned into a "
            "template: archive that target first if the store is to be a template from now on."
        )
        raise InvalidRequestError(message, "store_id")


def _facts_of_one(store_ids: Sequence[str], label: str, token: str) -> StoreFacts | None:
    """Return what is to be set on the one store that is named; None: nothing."""
    given = {"label": label.strip(), "token": token.strip()}
    wrong = [name for name, text in given.items() if text and len(store_ids) > 1]
    if wrong:
        message = f"A {wrong[0]} belongs to one store: leave it out, or name one store ID only."
        raise InvalidRequestError(message, wrong[0])
    return StoreFacts(given["label"], given["token"] or None) if any(given.values()) else None


def _import(connection: Connection, store_ids: list[str]) -> Imported:
    rows = TargetStore.objects.filter(connection=connection, store_id__in=store_ids)
    before = {
        row.store_id: row for row in rows.select_for_update(no_key=True).order_by("store_id")
    }  # as a launch locks them
    restored = [row for row in before.values() if row.archived_at]
    TargetStore.objects.filter(pk__in=[row.pk for row in restored]).update(archived_at=None)
    fresh = (TargetStore(connection=connection, store_id=one) for one in sorted(store_ids) if one not in before)
    TargetStore.objects.bulk_create(fresh, ignore_conflicts=True)
    after = {row.store_id: row for row in rows.all()}
    taken_back = {row.store_id for row in restored}
    return Imported(
        made=[after[one] for one in store_ids if one not in before],
        restored=[after[one] for one in store_ids if one in taken_back],
        known=[after[one] for one in store_ids if one in before and one not in taken_back],
    )


def _with_facts(imported: Imported, facts: StoreFacts) -> Imported:
    """Give the one store that was named its label and token; an empty label keeps that of a store taken back."""
    for known in imported.known:
        message = f"Store {known.store_id} is a target store already: change its label or token on its own page."
        raise InvalidRequestError(message, "store_ids")
    return Imported(
        made=[change_target(one, facts) for one in imported.made],
        restored=[change_target(one, replace(facts, name=facts.name or one.label)) for one in imported.restored],
        known=[],
    )


def _delete(rows: QuerySet[TemplateStore] | QuerySet[TargetStore], refusal: str) -> None:
    """Delete the one row unless something hangs on it: locked, so that no launch comes in between."""
    try:
        with transaction.atomic():
            rows.select_for_update().get().delete()
    except ProtectedError:
        raise InvalidRequestError(refusal) from None
