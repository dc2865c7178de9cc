"""Drafts, checks, stores to be created, Instant Sites, batches that are held, and the outbox."""

import clones.secrets
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Exists, F, Max, OuterRef, Subquery
from django.db.models.functions import Coalesce


def end_old_batches(apps: Any, schema_editor: Any) -> None:
    """Nobody waits for a mail about what ended before there were any."""
    alias = schema_editor.connection.alias
    jobs = apps.get_model("clones", "CloneJob").objects.using(alias).filter(batch=OuterRef("pk")).order_by()
    batches = apps.get_model("clones", "Batch").objects.using(alias).filter(~Exists(jobs.filter(finished_at=None)))
    last = jobs.values("batch").annotate(at=Max("finished_at")).values("at")
    batches.update(ended_at=Coalesce(Subquery(last), F("created_at")))


class Migration(migrations.Migration):
    dependencies = [
        ("clones", "0006_metrics"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BatchMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_action_at", models.DateTimeField(editable=False, null=True)),
                ("lease_token", models.CharField(blank=True, editable=False, max_length=32)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, editable=False, help_text="Raised by every change a page shows."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("SENDING", "Being sent"),
                            ("SENT", "Sent"),
                            ("UNSURE", "Perhaps sent"),
                            ("FAILED", "Failed"),
                        ],
                        default="WAITING",
                        max_length=20,
                    ),
                ),
                ("error", models.TextField(blank=True, help_text="Why it was not sent yet.")),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("ALL", "Settings and catalog"),
                            ("CATALOG", "Catalog only"),
                            ("STORE_SETTINGS", "Settings only"),
                        ],
                        default="ALL",
                        max_length=20,
                    ),
                ),
                ("clone_demo_catalog", models.BooleanField(default=False)),
                ("name", models.CharField(blank=True, max_length=200)),
                ("canary", models.BooleanField(default=False)),
                ("source", models.JSONField(default=dict)),
                ("removed", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="DraftTarget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_action_at", models.DateTimeField(editable=False, null=True)),
                ("lease_token", models.CharField(blank=True, editable=False, max_length=32)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, editable=False, help_text="Raised by every change a page shows."
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("line", models.PositiveIntegerField(null=True)),
                ("problem", models.TextField(blank=True)),
                ("store_id", models.TextField(blank=True)),
                ("email", models.TextField(blank=True)),
                ("name", models.TextField(blank=True)),
                ("label", models.TextField(blank=True)),
                ("access_token", clones.secrets.SecretField(blank=True, default=clones.secrets.Secret, editable=False)),
                ("scope", models.TextField(blank=True)),
                ("clone_demo_catalog", models.TextField(blank=True)),
                ("instant_site", models.TextField(blank=True)),
                ("errors", models.JSONField(default=dict)),
                (
                    "check_status",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not checked yet"),
                            ("WAITING", "Waiting"),
                            ("RUNNING", "Being checked"),
                            ("PASSED", "Passed"),
                            ("WARNING", "Warning"),
                            ("BLOCKED", "Blocked"),
                            ("UNCHECKED", "Not checked"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("findings", models.JSONField(default=list)),
                ("checked_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("position", "pk"),
            },
        ),
        migrations.CreateModel(
            name="SiteClone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_action_at", models.DateTimeField(editable=False, null=True)),
                ("lease_token", models.CharField(blank=True, editable=False, max_length=32)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, editable=False, help_text="Raised by every change a page shows."
                    ),
                ),
                ("draft", models.BooleanField(help_text="Left as a draft; else published at once.")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("CLONING", "Being cloned"),
                            ("NEEDS_PERSON", "Needs a person"),
                            ("DONE", "Cloned"),
                            ("FAILED", "Failed"),
                            ("CANCELED", "Left out"),
                        ],
                        default="WAITING",
                        max_length=20,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=255)),
                ("error_message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(help_text="The latest request.", null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="StoreCreation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("next_action_at", models.DateTimeField(editable=False, null=True)),
                ("lease_token", models.CharField(blank=True, editable=False, max_length=32)),
                ("leased_until", models.DateTimeField(editable=False, null=True)),
                ("tries", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "version",
                    models.PositiveIntegerField(
                        default=1, editable=False, help_text="Raised by every change a page shows."
                    ),
                ),
                ("email", models.CharField(max_length=254)),
                ("name", models.CharField(max_length=200)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("CREATING", "Being created"),
                            ("LOOKING", "Being looked up"),
                            ("NEEDS_PERSON", "Needs a person"),
                            ("CREATED", "Created"),
                            ("FAILED", "Failed"),
                            ("CANCELED", "Canceled"),
                        ],
                        default="WAITING",
                        max_length=20,
                    ),
                ),
                ("error_code", models.CharField(blank=True, max_length=255)),
                ("error_message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(help_text="The latest request to create it.", null=True)),
                ("unanswered_since", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="StoreKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rate_limit",
                    models.PositiveIntegerField(default=600, help_text="Requests a minute that Ecwid allows."),
                ),
                ("bucket_level", models.FloatField(default=0, editable=False)),
                ("bucket_at", models.DateTimeField(editable=False, null=True)),
                ("blocked_since", models.DateTimeField(editable=False, null=True)),
                ("blocked_until", models.DateTimeField(editable=False, null=True)),
                (
                    "block_reason",
                    models.CharField(
                        blank=True,
                        choices=[("RATE_LIMITED", "Rate limit reached"), ("CREDENTIALS", "Credentials refused")],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("block_message", models.TextField(blank=True, editable=False)),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.RemoveConstraint(
            model_name="clonejob",
            name="job_failure_kind_iff_failed",
        ),
        migrations.AddField(
            model_name="batch",
            name="canary",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="batch",
            name="continued_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="ended_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="held_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="batch",
            name="hold_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("CANARY", "The first clone did not end well"),
                    ("SAME_FAILURES", "Five clones in a row failed for the same reason"),
                ],
                editable=False,
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="batch",
            name="released_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="profile",
            name="batch_mail",
            field=models.CharField(
                choices=[
                    ("ALWAYS", "At the end of every batch"),
                    ("FAILURES", "Only when something failed"),
                    ("NEVER", "Never"),
                ],
                default="ALWAYS",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="targetstore",
            name="email",
            field=models.CharField(blank=True, max_length=254),
        ),
        migrations.AlterField(
            model_name="clonejob",
            name="failure_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("TRANSIENT", "Ecwid kept failing"),
                    ("TARGET", "Target store"),
                    ("TEMPLATE", "Template store"),
                    ("ECWID", "Failed at Ecwid"),
                    ("BUSY", "Target busy"),
                    ("RESULT_LOST", "Result lost"),
                    ("TICKET_LOST", "Ticket lost"),
                    ("TIMED_OUT", "Took too long"),
                    ("UNKNOWN", "Unknown refusal"),
                    ("NO_STORE", "Store not created"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["ended_at"], name="batch_open"),
        ),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("held_since", None), ("hold_reason", "")),
                    models.Q(("held_since__isnull", False), ("hold_reason__in", ["CANARY", "SAME_FAILURES"])),
                    _connector="OR",
                ),
                name="batch_held_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="clonejob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        (
                            "failure_kind__in",
                            [
                                "TRANSIENT",
                                "TARGET",
                                "TEMPLATE",
                                "ECWID",
                                "BUSY",
                                "RESULT_LOST",
                                "TICKET_LOST",
                                "TIMED_OUT",
                                "UNKNOWN",
                                "NO_STORE",
                            ],
                        ),
                        ("status", "FAILED"),
                    ),
                    models.Q(models.Q(("status", "FAILED"), _negated=True), ("failure_kind", "")),
                    _connector="OR",
                ),
                name="job_failure_kind_iff_failed",
            ),
        ),
        migrations.AddConstraint(
            model_name="targetstore",
            constraint=models.UniqueConstraint(
                condition=models.Q(("store_id", ""), models.Q(("email", ""), _negated=True)),
                fields=("connection", "email"),
                name="target_to_create_once",
            ),
        ),
        migrations.AddField(
            model_name="batchmail",
            name="batch",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="mail", to="clones.batch"
            ),
        ),
        migrations.AddField(
            model_name="batchmail",
            name="leased_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="clones.workerbeat",
            ),
        ),
        migrations.AddField(
            model_name="batchmail",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="batch",
            field=models.OneToOneField(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="draft", to="clones.batch"
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="changed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="created_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="drafts", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="origin",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="drafts_of_it", to="clones.batch"
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="template",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="drafts",
                to="clones.templatestore",
            ),
        ),
        migrations.AddField(
            model_name="drafttarget",
            name="draft",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="clones.draft"
            ),
        ),
        migrations.AddField(
            model_name="drafttarget",
            name="leased_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="clones.workerbeat",
            ),
        ),
        migrations.AddField(
            model_name="siteclone",
            name="job",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="site", to="clones.clonejob"
            ),
        ),
        migrations.AddField(
            model_name="siteclone",
            name="leased_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="clones.workerbeat",
            ),
        ),
        migrations.AddField(
            model_name="storecreation",
            name="connection",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="creations", to="clones.connection"
            ),
        ),
        migrations.AddField(
            model_name="storecreation",
            name="created_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="storecreation",
            name="leased_by",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="clones.workerbeat",
            ),
        ),
        migrations.AddField(
            model_name="storecreation",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="creations", to="clones.targetstore"
            ),
        ),
        migrations.AddIndex(
            model_name="batchmail",
            index=models.Index(
                condition=models.Q(("state__in", ("WAITING", "SENDING"))), fields=["next_action_at"], name="mail_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="batchmail",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["WAITING", "SENDING", "SENT", "UNSURE", "FAILED"])),
                name="mail_state_known",
            ),
        ),
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(fields=["changed_at"], name="draft_changed"),
        ),
        migrations.AddIndex(
            model_name="drafttarget",
            index=models.Index(fields=["draft", "position"], name="draft_target_place"),
        ),
        migrations.AddIndex(
            model_name="drafttarget",
            index=models.Index(
                condition=models.Q(("next_action_at__isnull", False)), fields=["next_action_at"], name="check_due"
            ),
        ),
        migrations.AddField(
            model_name="drafttarget",
            name="store_key",
            field=models.ForeignKey(
                editable=False,
                help_text="Asked with it last.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="clones.storekey",
            ),
        ),
        migrations.AddConstraint(
            model_name="drafttarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("check_status__in", ["", "WAITING", "RUNNING", "PASSED", "WARNING", "BLOCKED", "UNCHECKED"])
                ),
                name="check_status_known",
            ),
        ),
        migrations.AddIndex(
            model_name="siteclone",
            index=models.Index(condition=models.Q(("finished_at", None)), fields=["next_action_at"], name="site_due"),
        ),
        migrations.AddConstraint(
            model_name="siteclone",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["WAITING", "CLONING", "NEEDS_PERSON", "DONE", "FAILED", "CANCELED"])
                ),
                name="site_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="siteclone",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ("DONE", "FAILED", "CANCELED"))),
                    models.Q(
                        models.Q(("status__in", ("DONE", "FAILED", "CANCELED")), _negated=True),
                        ("finished_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="site_finished_at_iff_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="storecreation",
            index=models.Index(
                condition=models.Q(("finished_at", None)), fields=["next_action_at"], name="creation_due"
            ),
        ),
        migrations.AddConstraint(
            model_name="storecreation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["WAITING", "CREATING", "LOOKING", "NEEDS_PERSON", "CREATED", "FAILED", "CANCELED"])
                ),
                name="creation_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="storecreation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("FAILED", "CANCELED")), _negated=True),
                fields=("connection", "email"),
                name="creation_once_per_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="storecreation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ("FAILED", "CANCELED")), _negated=True),
                fields=("target",),
                name="creation_once_per_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="storecreation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("status__in", ("CREATED", "FAILED", "CANCELED"))),
                    models.Q(
                        models.Q(("status__in", ("CREATED", "FAILED", "CANCELED")), _negated=True),
                        ("finished_at__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="creation_finished_at_iff_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="batchmail",
            index=models.Index(
                condition=models.Q(("lease_token", ""), _negated=True), fields=["leased_until"], name="mail_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="drafttarget",
            index=models.Index(
                condition=models.Q(("lease_token", ""), _negated=True), fields=["leased_until"], name="check_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="siteclone",
            index=models.Index(
                condition=models.Q(("lease_token", ""), _negated=True), fields=["leased_until"], name="site_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="storecreation",
            index=models.Index(
                condition=models.Q(("lease_token", ""), _negated=True), fields=["leased_until"], name="creation_leased"
            ),
        ),
        migrations.RunPython(end_old_batches, migrations.RunPython.noop),
    ]
