"""Tables of the log of mails and of batches of invitations, each behind the second wall."""

import django.db.models.deletion
from django.db import migrations, models

import identity.ids
from identity.scoping import operations


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_shared_tables"),
        ("invitations", "0002_doors"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvitationBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=128)),
                ("digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("running", "Running"), ("done", "Done")],
                        default="draft",
                        max_length=7,
                    ),
                ),
                ("made_by", models.UUIDField()),
                ("actor", models.JSONField()),
                ("mails_links", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "invitation batches",
                "indexes": [
                    models.Index(fields=["scope", "created_at", "id"], name="invitation_batch_list")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("confirmed_at__isnull", True),
                                ("ended_at__isnull", True),
                                ("state", "draft"),
                            ),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("ended_at__isnull", True),
                                ("state", "running"),
                            ),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("ended_at__isnull", False),
                                ("state", "done"),
                            ),
                            _connector="OR",
                        ),
                        name="invitation_batch_state_paired",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="InvitationBatchLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("entry", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("unchecked", "Unchecked"),
                            ("checked", "Checked"),
                            ("issued", "Issued"),
                            ("pending", "Pending"),
                            ("refused", "Refused"),
                        ],
                        default="unchecked",
                        max_length=9,
                    ),
                ),
                ("kind", models.CharField(blank=True, max_length=7)),
                (
                    "fate",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "New"),
                            ("again", "Again"),
                            ("further", "Further"),
                            ("waits", "Waits"),
                            ("duplicate", "Duplicate"),
                            ("forbidden", "Forbidden"),
                            ("refused", "Refused"),
                        ],
                        max_length=9,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=512)),
                ("user", models.UUIDField(default=identity.ids.new)),
                ("invitation_id", models.UUIDField(blank=True, null=True)),
                ("proposal_id", models.UUIDField(blank=True, null=True)),
                ("sealed_bundle", models.BinaryField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="invitations.invitationbatch",
                    ),
                ),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "batch", "state", "number"],
                        name="invitation_batch_line_work",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scope", "batch", "number"), name="invitation_batch_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("invitation_id__isnull", False), ("state", "issued")),
                            models.Q(
                                models.Q(("state", "issued"), _negated=True),
                                ("invitation_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="invitation_batch_line_issued_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("proposal_id__isnull", False), ("state", "pending")),
                            models.Q(
                                models.Q(("state", "pending"), _negated=True),
                                ("proposal_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="invitation_batch_line_pending_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sealed_bundle__isnull", True), ("state", "issued"), _connector="OR"
                        ),
                        name="invitation_batch_line_sealed_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["unchecked", "checked", "issued", "pending", "refused"])
                        ),
                        name="invitation_batch_line_state_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvitationMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=identity.ids.new, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("notice", "Notice"), ("link", "Link")], max_length=6
                    ),
                ),
                ("to", models.CharField(max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("sent", "Sent"), ("failed", "Failed")],
                        default="queued",
                        max_length=6,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("fault", models.CharField(blank=True, max_length=128)),
                ("sealed_link", models.BinaryField(blank=True, null=True)),
                ("queued_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invitation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mails",
                        to="invitations.invitation",
                    ),
                ),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="identity.scope",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["scope", "invitation", "queued_at"], name="invitation_mail_log"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["notice", "link"])),
                        name="invitation_mail_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "queued")),
                            models.Q(
                                ("ended_at__isnull", False), ("state__in", ["sent", "failed"])
                            ),
                            _connector="OR",
                        ),
                        name="invitation_mail_ended_paired",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sealed_link__isnull", True),
                            models.Q(("kind", "link"), ("state", "queued")),
                            _connector="OR",
                        ),
                        name="invitation_mail_link_waits",
                    ),
                ],
            },
        ),
        operations.IsolateTable("invitations_invitationmail"),
        operations.IsolateTable("invitations_invitationbatch"),
        operations.IsolateTable("invitations_invitationbatchline"),
    ]
