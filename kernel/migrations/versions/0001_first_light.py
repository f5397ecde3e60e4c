"""first light"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "applied_event",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name=op.f("pk_applied_event")),
    )
    op.create_table(
        "audit_event",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("acting_for", sa.BigInteger(), nullable=True),
        sa.Column("seat_id", sa.String(length=36), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("detail", JsonDocument, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("row_hash", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("position", name=op.f("uq_audit_event_position")),
    )
    op.create_index(op.f("ix_audit_event_action"), "audit_event", ["action"], unique=False)
    op.create_index(op.f("ix_audit_event_actor_id"), "audit_event", ["actor_id"], unique=False)
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_index("ix_audit_event_object", "audit_event", ["object_kind", "object_id"], unique=False)
    op.create_table(
        "budget",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("fund_source", sa.String(length=32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("appropriation", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget")),
        sa.UniqueConstraint(
            "policy_id",
            "division",
            "fund_source",
            "year",
            name=op.f("uq_budget_policy_id_division_fund_source_year"),
        ),
    )
    op.create_table(
        "case_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=True),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", BigNumber, nullable=True),
        sa.Column("actor_name", sa.String(length=100), nullable=False),
        sa.Column("detail", JsonDocument, nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
    )
    op.create_index(
        "ix_case_event_claim_id_happened_at", "case_event", ["claim_id", "happened_at"], unique=False
    )
    op.create_index("ix_case_event_object", "case_event", ["object_kind", "object_id"], unique=False)
    op.create_table(
        "contract_number",
        sa.Column("scheme", sa.String(length=24), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("scheme", "number", name=op.f("pk_contract_number")),
    )
    op.create_index(op.f("ix_contract_number_subject_id"), "contract_number", ["subject_id"], unique=False)
    op.create_table(
        "decision_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("statuses", JsonDocument, nullable=False),
        sa.Column("facts_sequence", BigNumber, nullable=False),
        sa.Column("bearers", JsonDocument, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("disclosures_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_record")),
    )
    op.create_index(op.f("ix_decision_record_claim_id"), "decision_record", ["claim_id"], unique=False)
    op.create_index(op.f("ix_decision_record_offer_id"), "decision_record", ["offer_id"], unique=False)
    op.create_index(op.f("ix_decision_record_subject_id"), "decision_record", ["subject_id"], unique=False)
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.ForeignKeyConstraint(["parent_code"], ["division.code"], name=op.f("fk_division_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_table(
        "fact_change",
        sa.Column("change_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("attribute", sa.String(length=80), nullable=False),
        sa.Column("old", JsonDocument, nullable=False),
        sa.Column("new", JsonDocument, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=200), nullable=False),
        sa.Column("standing", sa.String(length=10), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("observed_at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_fact_change")),
    )
    op.create_index(op.f("ix_fact_change_sequence"), "fact_change", ["sequence"], unique=False)
    op.create_index(
        "ix_fact_change_subject", "fact_change", ["subject_id", "attribute", "change_id"], unique=False
    )
    op.create_table(
        "fact_sequence",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("value", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fact_sequence")),
    )
    op.create_table(
        "full_match",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.Column("epoch", BigNumber, nullable=False),
        sa.Column("drifted", sa.Integer(), nullable=True),
        sa.Column("matched_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_full_match")),
    )
    op.create_table(
        "funding_alarm",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("raised_at", UtcDateTime, nullable=False),
        sa.Column("cleared_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_alarm")),
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_kind", sa.String(length=16), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("set_by_id", BigNumber, nullable=True),
        sa.Column("set_at", UtcDateTime, nullable=False),
        sa.Column("released_by_id", BigNumber, nullable=True),
        sa.Column("released_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    op.create_index("ix_hold_object", "hold", ["object_kind", "object_id"], unique=False)
    op.create_table(
        "licence",
        sa.Column("status_index", BigNumber, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", sa.String(length=120), nullable=False),
        sa.Column("type_id", sa.String(length=60), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.String(length=21), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("superseded_at", UtcDateTime, nullable=True),
        sa.Column("source_event", sa.String(length=120), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("status_index", name=op.f("pk_licence")),
        sa.UniqueConstraint("id", name=op.f("uq_licence_id")),
        sa.UniqueConstraint("identifier", name=op.f("uq_licence_identifier")),
        sa.UniqueConstraint("previous_id", name=op.f("uq_licence_previous_id")),
        sa.UniqueConstraint("source_event", name=op.f("uq_licence_source_event")),
    )
    op.create_index("ix_licence_holder_id_type_id", "licence", ["holder_id", "type_id"], unique=False)
    op.create_index("ix_licence_state_valid_until", "licence", ["state", "valid_until"], unique=False)
    op.create_index(op.f("ix_licence_superseded_at"), "licence", ["superseded_at"], unique=False)
    op.create_table(
        "licence_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type_id", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refusals", JsonDocument, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_batch")),
        sa.UniqueConstraint("key", name=op.f("uq_licence_batch_key")),
    )
    op.create_table(
        "licence_consumer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("access_id", sa.String(length=40), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_consumer")),
        sa.UniqueConstraint("access_id", name=op.f("uq_licence_consumer_access_id")),
    )
    op.create_table(
        "licence_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("algorithm", sa.String(length=10), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_key")),
    )
    op.create_index(op.f("ix_licence_key_algorithm"), "licence_key", ["algorithm"], unique=False)
    op.create_table(
        "notice",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("check_number", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.String(length=200), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("read_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_notice")),
        sa.UniqueConstraint("check_number", name=op.f("uq_notice_check_number")),
    )
    op.create_index("ix_notice_subject_id_number", "notice", ["subject_id", "number"], unique=False)
    op.create_table(
        "notice_preference",
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "channel", name=op.f("pk_notice_preference")),
    )
    op.create_table(
        "number_series",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("last", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_series")),
    )
    op.create_table(
        "oauth_client",
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("redirect_uris", JsonDocument, nullable=False),
        sa.Column("post_logout_redirect_uris", JsonDocument, nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("capacities", JsonDocument, nullable=False),
        sa.Column("is_first_party", sa.Boolean(), nullable=False),
        sa.Column("may_introspect", sa.Boolean(), nullable=False),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_oauth_client")),
    )
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("unit_id", BigNumber, nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.String(length=500), nullable=True),
        sa.Column("amount_fen", BigNumber, nullable=True),
        sa.Column("missing", JsonDocument, nullable=False),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("matched_on", sa.Date(), nullable=False),
        sa.Column("lapses_on", sa.Date(), nullable=True),
        sa.Column("opened_at", UtcDateTime, nullable=True),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint(
            "policy_id", "subject_id", "unit_id", name=op.f("uq_offer_policy_id_subject_id_unit_id")
        ),
    )
    op.create_index("ix_offer_policy_id_state_id", "offer", ["policy_id", "state", "id"], unique=False)
    op.create_index("ix_offer_subject_id_state", "offer", ["subject_id", "state"], unique=False)
    op.create_table(
        "outbox_effect",
        sa.Column("handler", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("handler", "message_id", name=op.f("pk_outbox_effect")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("payload", JsonDocument, nullable=False),
        sa.Column("enqueued_at", UtcDateTime, nullable=False),
        sa.Column("available_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", UtcDateTime, nullable=True),
        sa.Column("done_at", UtcDateTime, nullable=True),
        sa.Column("dead_at", UtcDateTime, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_message_id")),
    )
    op.create_index(op.f("ix_outbox_message_done_at"), "outbox_message", ["done_at"], unique=False)
    op.create_index(
        "ix_outbox_message_undone",
        "outbox_message",
        ["available_at", "number"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_message_undone_key",
        "outbox_message",
        ["key", "number"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "payee_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("bank", sa.String(length=64), nullable=False),
        sa.Column("masked", sa.String(length=32), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("holder_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("checked_at", UtcDateTime, nullable=True),
        sa.Column("check_result", sa.String(length=32), nullable=True),
        sa.Column("flagged_at", UtcDateTime, nullable=True),
        sa.Column("usable_from_at", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee_account")),
        sa.UniqueConstraint(
            "subject_id", "number_index", name=op.f("uq_payee_account_subject_id_number_index")
        ),
    )
    op.create_index(op.f("ix_payee_account_number_index"), "payee_account", ["number_index"], unique=False)
    op.create_table(
        "payment_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("approved_by_id", BigNumber, nullable=False),
        sa.Column("approved_by_name", sa.String(length=50), nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("approved_at", UtcDateTime, nullable=False),
        sa.Column("payment_count", sa.Integer(), nullable=False),
        sa.Column("total_fen", BigNumber, nullable=False),
        sa.Column("held_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_batch_number")),
    )
    op.create_table(
        "policy",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("jurisdiction", sa.String(length=9), nullable=False),
        sa.Column("latest_version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy")),
    )
    op.create_index(op.f("ix_policy_jurisdiction"), "policy", ["jurisdiction"], unique=False)
    op.create_table(
        "policy_epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_epoch")),
    )
    op.create_table(
        "policy_match",
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("unit_id", BigNumber, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=True),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("because", JsonDocument, nullable=False),
        sa.PrimaryKeyConstraint("policy_id", "subject_id", "unit_id", name=op.f("pk_policy_match")),
    )
    op.create_index("ix_policy_match_subject_id", "policy_match", ["subject_id"], unique=False)
    op.create_table(
        "poll_cursor",
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.String(length=120), nullable=False),
        sa.Column("moved_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("department", name=op.f("pk_poll_cursor")),
    )
    op.create_table(
        "profile",
        sa.Column("subject_id", BigNumber, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", BigNumber, nullable=False),
        sa.Column("about_id", BigNumber, nullable=True),
        sa.Column("division", sa.String(length=9), nullable=False),
        sa.Column("facts", JsonDocument, nullable=False),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_profile")),
    )
    op.create_index(op.f("ix_profile_about_id"), "profile", ["about_id"], unique=False)
    op.create_index(op.f("ix_profile_owner_id"), "profile", ["owner_id"], unique=False)
    op.create_index(op.f("ix_profile_sequence"), "profile", ["sequence"], unique=False)
    op.create_table(
        "received_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("came_by", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("occurred_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_event")),
        sa.UniqueConstraint("department", "event_id", name=op.f("uq_received_event_department_event_id")),
    )
    op.create_index(op.f("ix_received_event_received_at"), "received_event", ["received_at"], unique=False)
    op.create_table(
        "rejected_event",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("department", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("came_by", sa.String(length=8), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rejected_event")),
    )
    op.create_index(op.f("ix_rejected_event_department"), "rejected_event", ["department"], unique=False)
    op.create_index(op.f("ix_rejected_event_received_at"), "rejected_event", ["received_at"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("public_jwk", JsonDocument, nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("retired_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )
    op.create_index(
        "uq_signing_key_active",
        "signing_key",
        ["state"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "subject",
        sa.Column("subject_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("identifier_kind", sa.String(length=24), nullable=True),
        sa.Column("identifier_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("identifier_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("merged_into", BigNumber, nullable=True),
        sa.Column("dissolved_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["subject.subject_id"], name=op.f("fk_subject_merged_into")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_subject")),
        sa.UniqueConstraint("identifier_index", name=op.f("uq_subject_identifier_index")),
    )
    op.create_table(
        "web_session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("cookie_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("portal", sa.String(length=20), nullable=False),
        sa.Column("sid", sa.Uuid(), nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("busy_until", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("cookie_hash", name=op.f("uq_web_session_cookie_hash")),
    )
    op.create_index(op.f("ix_web_session_expires_at"), "web_session", ["expires_at"], unique=False)
    op.create_index(op.f("ix_web_session_sid"), "web_session", ["sid"], unique=False)
    op.create_table(
        "account",
        sa.Column("subject_id", BigNumber, autoincrement=False, nullable=False),
        sa.Column("login_name", sa.String(length=40), nullable=True),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("password_hash", sa.String(length=160), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("real_name_at", UtcDateTime, nullable=True),
        sa.Column("in_person_at", UtcDateTime, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.subject_id"], name=op.f("fk_account_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_account")),
        sa.UniqueConstraint("login_name", name=op.f("uq_account_login_name")),
    )
    op.create_index(op.f("ix_account_phone_index"), "account", ["phone_index"], unique=False)
    op.create_table(
        "claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(length=32), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("applicant_id", BigNumber, nullable=False),
        sa.Column("payee_id", BigNumber, nullable=True),
        sa.Column("unit_id", BigNumber, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("entered_by_id", BigNumber, nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stages", JsonDocument, nullable=False),
        sa.Column("stage_index", sa.Integer(), nullable=False),
        sa.Column("stage_entered_at", UtcDateTime, nullable=True),
        sa.Column("stage_due_on", sa.Date(), nullable=True),
        sa.Column("amount_fen", BigNumber, nullable=True),
        sa.Column("facts", JsonDocument, nullable=False),
        sa.Column("facts_sequence", BigNumber, nullable=False),
        sa.Column("declared", JsonDocument, nullable=False),
        sa.Column("evidence", JsonDocument, nullable=False),
        sa.Column("supplement_request", sa.Text(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("qualified_on", sa.Date(), nullable=False),
        sa.Column("submitted_at", UtcDateTime, nullable=True),
        sa.Column("accepted_at", UtcDateTime, nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("notice_until_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payee_account.id"], name=op.f("fk_claim_account_id")),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_claim_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint("case_number", name=op.f("uq_claim_case_number")),
    )
    op.create_index(op.f("ix_claim_offer_id"), "claim", ["offer_id"], unique=False)
    op.create_index("ix_claim_state_division", "claim", ["state", "division"], unique=False)
    op.create_index("ix_claim_subject_id", "claim", ["subject_id"], unique=False)
    op.create_index(
        "uq_claim_open_policy_id_unit_id",
        "claim",
        ["policy_id", "unit_id"],
        unique=True,
        sqlite_where=sa.text(
            "state IN ('submitted','supplement','joint_review','review','notice','objection','appealed')"
        ),
        postgresql_where=sa.text(
            "state IN ('submitted','supplement','joint_review','review','notice','objection','appealed')"
        ),
    )
    op.create_table(
        "department",
        sa.Column("department_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["division_code"], ["division.code"], name=op.f("fk_department_division_code")
        ),
        sa.PrimaryKeyConstraint("department_id", name=op.f("pk_department")),
        sa.UniqueConstraint("division_code", "name", name=op.f("uq_department_division_code_name")),
    )
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("balance_fen", BigNumber, nullable=False),
        sa.CheckConstraint(
            "name = 'appropriation' OR balance_fen >= 0", name=op.f("ck_ledger_account_never_below_zero")
        ),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name=op.f("fk_ledger_account_budget_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("budget_id", "name", name=op.f("uq_ledger_account_budget_id_name")),
    )
    op.create_table(
        "licence_entitlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consumer_id", sa.Uuid(), nullable=False),
        sa.Column("type_id", sa.String(length=60), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("fields", JsonDocument, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consumer_id"], ["licence_consumer.id"], name=op.f("fk_licence_entitlement_consumer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_entitlement")),
    )
    op.create_index(
        op.f("ix_licence_entitlement_consumer_id"), "licence_entitlement", ["consumer_id"], unique=False
    )
    op.create_table(
        "licence_operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("operation", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["licence_id"], ["licence.id"], name=op.f("fk_licence_operation_licence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_operation")),
    )
    op.create_index(
        op.f("ix_licence_operation_licence_id"), "licence_operation", ["licence_id"], unique=False
    )
    op.create_table(
        "licence_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("verifier", sa.String(length=100), nullable=False),
        sa.Column("is_verifier_known", sa.Boolean(), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("fields", sa.String(length=400), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("used_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["licence_id"], ["licence.id"], name=op.f("fk_licence_use_licence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_use")),
    )
    op.create_index(op.f("ix_licence_use_licence_id"), "licence_use", ["licence_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", BigNumber, nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("scopes", JsonDocument, nullable=False),
        sa.Column("appointed_by", sa.Uuid(), nullable=True),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["appointed_by"], ["membership.membership_id"], name=op.f("fk_membership_appointed_by")
        ),
        sa.ForeignKeyConstraint(["firm_id"], ["subject.subject_id"], name=op.f("fk_membership_firm_id")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_membership_subject_id")
        ),
        sa.PrimaryKeyConstraint("membership_id", name=op.f("pk_membership")),
    )
    op.create_index(op.f("ix_membership_appointed_by"), "membership", ["appointed_by"], unique=False)
    op.create_index(op.f("ix_membership_firm_id"), "membership", ["firm_id"], unique=False)
    op.create_index(op.f("ix_membership_subject_id"), "membership", ["subject_id"], unique=False)
    op.create_table(
        "oauth_consent",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("given_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("withdrawn_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_client.client_id"], name=op.f("fk_oauth_consent_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_oauth_consent_subject_id")
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_oauth_consent")),
    )
    op.create_index("ix_oauth_consent_subject", "oauth_consent", ["subject_id", "client_id"], unique=False)
    op.create_table(
        "policy_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("audience", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("rollout_permille", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("source_text", sa.Text(), nullable=False),
        sa.Column("cases_text", sa.Text(), nullable=False),
        sa.Column("document", JsonDocument, nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("author_id", BigNumber, nullable=False),
        sa.Column("author_seat_id", BigNumber, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["policy_id"], ["policy.id"], name=op.f("fk_policy_version_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("policy_id", "version", name=op.f("uq_policy_version_policy_id_version")),
    )
    op.create_index("ix_policy_version_state", "policy_version", ["state"], unique=False)
    op.create_table(
        "proxy",
        sa.Column("proxy_id", sa.Uuid(), nullable=False),
        sa.Column("principal_id", BigNumber, nullable=False),
        sa.Column("agent_id", BigNumber, nullable=False),
        sa.Column("relation", sa.String(length=20), nullable=False),
        sa.Column("scopes", JsonDocument, nullable=False),
        sa.Column("given_by", sa.String(length=16), nullable=False),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("revoked_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["subject.subject_id"], name=op.f("fk_proxy_agent_id")),
        sa.ForeignKeyConstraint(["principal_id"], ["subject.subject_id"], name=op.f("fk_proxy_principal_id")),
        sa.PrimaryKeyConstraint("proxy_id", name=op.f("pk_proxy")),
    )
    op.create_index(op.f("ix_proxy_agent_id"), "proxy", ["agent_id"], unique=False)
    op.create_index(op.f("ix_proxy_principal_id"), "proxy", ["principal_id"], unique=False)
    op.create_table(
        "relationship",
        sa.Column("relationship_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("from_subject", BigNumber, nullable=False),
        sa.Column("to_subject", BigNumber, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_subject"], ["subject.subject_id"], name=op.f("fk_relationship_from_subject")
        ),
        sa.ForeignKeyConstraint(
            ["to_subject"], ["subject.subject_id"], name=op.f("fk_relationship_to_subject")
        ),
        sa.PrimaryKeyConstraint("relationship_id", name=op.f("pk_relationship")),
    )
    op.create_index(op.f("ix_relationship_from_subject"), "relationship", ["from_subject"], unique=False)
    op.create_index("ix_relationship_to", "relationship", ["to_subject", "kind"], unique=False)
    op.create_table(
        "award",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("applicant_id", BigNumber, nullable=False),
        sa.Column("payee_id", BigNumber, nullable=True),
        sa.Column("unit_id", BigNumber, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.String(length=500), nullable=True),
        sa.Column("amount_fen", BigNumber, nullable=True),
        sa.Column("period", sa.String(length=8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.String(length=500), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("facts", JsonDocument, nullable=False),
        sa.Column("sequence", BigNumber, nullable=False),
        sa.Column("rematched_amount_fen", BigNumber, nullable=True),
        sa.Column("hearing_until_on", sa.Date(), nullable=True),
        sa.Column("recognised_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payee_account.id"], name=op.f("fk_award_account_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_award_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award")),
    )
    op.create_index(op.f("ix_award_claim_id"), "award", ["claim_id"], unique=False)
    op.create_index("ix_award_state_next_due_on", "award", ["state", "next_due_on"], unique=False)
    op.create_index("ix_award_subject_id", "award", ["subject_id"], unique=False)
    op.create_index(
        "uq_award_live_policy_id_unit_id",
        "award",
        ["policy_id", "unit_id"],
        unique=True,
        sqlite_where=sa.text("state <> 'ended'"),
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "claim_appeal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("filed_by_id", BigNumber, nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("filed_at", UtcDateTime, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_appeal_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_appeal")),
    )
    op.create_index(op.f("ix_claim_appeal_claim_id"), "claim_appeal", ["claim_id"], unique=False)
    op.create_table(
        "claim_stage_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("official_id", BigNumber, nullable=False),
        sa.Column("official_name", sa.String(length=50), nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("seat_title", sa.String(length=100), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_stage_decision_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_stage_decision")),
    )
    op.create_index(
        op.f("ix_claim_stage_decision_claim_id"), "claim_stage_decision", ["claim_id"], unique=False
    )
    op.create_table(
        "claim_written_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=False),
        sa.Column("official_id", BigNumber, nullable=False),
        sa.Column("official_name", sa.String(length=50), nullable=False),
        sa.Column("seat_title", sa.String(length=100), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("served_at", UtcDateTime, nullable=False),
        sa.Column("reconsideration_until_on", sa.Date(), nullable=True),
        sa.Column("lawsuit_until_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_written_decision_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_written_decision")),
        sa.UniqueConstraint("number", name=op.f("uq_claim_written_decision_number")),
    )
    op.create_index(
        op.f("ix_claim_written_decision_claim_id"), "claim_written_decision", ["claim_id"], unique=False
    )
    op.create_table(
        "identity_session",
        sa.Column("sid", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("methods", JsonDocument, nullable=False),
        sa.Column("auth_at", UtcDateTime, nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["account.subject_id"], name=op.f("fk_identity_session_subject_id")
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_identity_session")),
    )
    op.create_index(op.f("ix_identity_session_subject_id"), "identity_session", ["subject_id"], unique=False)
    op.create_table(
        "licence_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("entitlement_id", sa.Uuid(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_fields", JsonDocument, nullable=False),
        sa.Column("granted_fields", JsonDocument, nullable=False),
        sa.Column("duration", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["entitlement_id"], ["licence_entitlement.id"], name=op.f("fk_licence_grant_entitlement_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_grant")),
    )
    op.create_index(
        op.f("ix_licence_grant_entitlement_id"), "licence_grant", ["entitlement_id"], unique=False
    )
    op.create_index("ix_licence_grant_holder_id_state", "licence_grant", ["holder_id", "state"], unique=False)
    op.create_table(
        "login_event",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("is_success", sa.Boolean(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("device_index", sa.LargeBinary(length=32), nullable=True),
        sa.Column("method", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["account.subject_id"], name=op.f("fk_login_event_subject_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_login_event")),
    )
    op.create_index("ix_login_event_subject", "login_event", ["subject_id", "at"], unique=False)
    op.create_table(
        "policy_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("seat_title", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["policy_version.id"], name=op.f("fk_policy_approval_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_approval")),
    )
    op.create_index(op.f("ix_policy_approval_version_id"), "policy_approval", ["version_id"], unique=False)
    op.create_table(
        "seat",
        sa.Column("seat_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("department_id", BigNumber, nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("duties", JsonDocument, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.department_id"], name=op.f("fk_seat_department_id")
        ),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_seat")),
    )
    op.create_index(op.f("ix_seat_department_id"), "seat", ["department_id"], unique=False)
    op.create_table(
        "totp_factor",
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("confirmed_at", UtcDateTime, nullable=True),
        sa.Column("last_step", BigNumber, nullable=False),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["account.subject_id"], name=op.f("fk_totp_factor_subject_id")
        ),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_totp_factor")),
    )
    op.create_table(
        "oauth_grant",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sid", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("capacity", sa.String(length=16), nullable=False),
        sa.Column("acting_for", BigNumber, nullable=False),
        sa.Column("seat_id", BigNumber, nullable=True),
        sa.Column("basis", sa.String(length=60), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("auth_at", UtcDateTime, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime, nullable=True),
        sa.Column("end_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["acting_for"], ["subject.subject_id"], name=op.f("fk_oauth_grant_acting_for")
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["oauth_client.client_id"], name=op.f("fk_oauth_grant_client_id")
        ),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.seat_id"], name=op.f("fk_oauth_grant_seat_id")),
        sa.ForeignKeyConstraint(["sid"], ["identity_session.sid"], name=op.f("fk_oauth_grant_sid")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subject.subject_id"], name=op.f("fk_oauth_grant_subject_id")
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_oauth_grant")),
    )
    op.create_index(op.f("ix_oauth_grant_acting_for"), "oauth_grant", ["acting_for"], unique=False)
    op.create_index(op.f("ix_oauth_grant_basis"), "oauth_grant", ["basis"], unique=False)
    op.create_index(op.f("ix_oauth_grant_client_id"), "oauth_grant", ["client_id"], unique=False)
    op.create_index(op.f("ix_oauth_grant_sid"), "oauth_grant", ["sid"], unique=False)
    op.create_index(op.f("ix_oauth_grant_subject_id"), "oauth_grant", ["subject_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("award_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.String(length=80), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("payee_id", BigNumber, nullable=True),
        sa.Column("unit_id", BigNumber, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("division", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=12), nullable=False),
        sa.Column("period_starts_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_reason", sa.String(length=500), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("instruction_id", sa.String(length=64), nullable=True),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.Column("send_count", sa.Integer(), nullable=False),
        sa.Column("outside_reference", sa.String(length=64), nullable=True),
        sa.Column("recheck", JsonDocument, nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("instructed_at", UtcDateTime, nullable=True),
        sa.Column("paid_at", UtcDateTime, nullable=True),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payee_account.id"], name=op.f("fk_payment_account_id")),
        sa.ForeignKeyConstraint(["award_id"], ["award.id"], name=op.f("fk_payment_award_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["payment_batch.id"], name=op.f("fk_payment_batch_id")),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name=op.f("fk_payment_budget_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_payment_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("instruction_id", name=op.f("uq_payment_instruction_id")),
    )
    op.create_index(op.f("ix_payment_award_id"), "payment", ["award_id"], unique=False)
    op.create_index(op.f("ix_payment_batch_id"), "payment", ["batch_id"], unique=False)
    op.create_index("ix_payment_budget_id_state", "payment", ["budget_id", "state"], unique=False)
    op.create_index(op.f("ix_payment_claim_id"), "payment", ["claim_id"], unique=False)
    op.create_index("ix_payment_state_division", "payment", ["state", "division"], unique=False)
    op.create_index("ix_payment_subject_id", "payment", ["subject_id"], unique=False)
    op.create_index(
        "uq_payment_policy_id_unit_id_period",
        "payment",
        ["policy_id", "unit_id", "period", "kind"],
        unique=True,
        sqlite_where=sa.text("state <> 'cancelled'"),
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_table(
        "seat_holding",
        sa.Column("holding_id", BigNumber, autoincrement=True, nullable=False),
        sa.Column("seat_id", BigNumber, nullable=False),
        sa.Column("subject_id", BigNumber, nullable=False),
        sa.Column("from_at", UtcDateTime, nullable=False),
        sa.Column("until_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.seat_id"], name=op.f("fk_seat_holding_seat_id")),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["account.subject_id"], name=op.f("fk_seat_holding_subject_id")
        ),
        sa.PrimaryKeyConstraint("holding_id", name=op.f("pk_seat_holding")),
    )
    op.create_index(op.f("ix_seat_holding_seat_id"), "seat_holding", ["seat_id"], unique=False)
    op.create_index(op.f("ix_seat_holding_subject_id"), "seat_holding", ["subject_id"], unique=False)
    op.create_index(
        "uq_seat_holding_current",
        "seat_holding",
        ["seat_id"],
        unique=True,
        sqlite_where=sa.text("until_at IS NULL"),
        postgresql_where=sa.text("until_at IS NULL"),
    )
    op.create_table(
        "authorization_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("redirect_uri", sa.String(length=2000), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("nonce", sa.String(length=255), nullable=True),
        sa.Column("code_challenge", sa.String(length=128), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("consumed_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["oauth_grant.grant_id"], name=op.f("fk_authorization_code_grant_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_code")),
    )
    op.create_index(
        op.f("ix_authorization_code_expires_at"), "authorization_code", ["expires_at"], unique=False
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=80), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("booked_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(["budget_id"], ["budget.id"], name=op.f("fk_ledger_transaction_budget_id")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_ledger_transaction_payment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transaction")),
        sa.UniqueConstraint("reference", name=op.f("uq_ledger_transaction_reference")),
    )
    op.create_index(
        op.f("ix_ledger_transaction_budget_id"), "ledger_transaction", ["budget_id"], unique=False
    )
    op.create_index(
        op.f("ix_ledger_transaction_payment_id"), "ledger_transaction", ["payment_id"], unique=False
    )
    op.create_table(
        "refresh_token",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=400), nullable=False),
        sa.Column("issued_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("consumed_at", UtcDateTime, nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["oauth_grant.grant_id"], name=op.f("fk_refresh_token_grant_id")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_token")),
    )
    op.create_index(op.f("ix_refresh_token_expires_at"), "refresh_token", ["expires_at"], unique=False)
    op.create_index(op.f("ix_refresh_token_grant_id"), "refresh_token", ["grant_id"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_account.id"], name=op.f("fk_ledger_entry_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transaction.id"], name=op.f("fk_ledger_entry_transaction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
    )
    op.create_index(op.f("ix_ledger_entry_account_id"), "ledger_entry", ["account_id"], unique=False)
    op.create_index(op.f("ix_ledger_entry_transaction_id"), "ledger_entry", ["transaction_id"], unique=False)
