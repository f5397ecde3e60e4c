"""lending"""

import sqlalchemy as sa
from alembic import op

from kernel.database import BigNumber, JsonDocument, UtcDateTime

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.create_table(
        "financing_bank",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("webhook_url", sa.String(length=2000), nullable=True),
        sa.Column("is_suspended", sa.Boolean(), nullable=False),
        sa.Column("connected_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_financing_bank")),
        sa.UniqueConstraint("client_id", name=op.f("uq_financing_bank_client_id")),
    )
    op.create_table(
        "financing_call",
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("bank_code", "key", name=op.f("pk_financing_call")),
    )
    op.create_index(op.f("ix_financing_call_at"), "financing_call", ["at"], unique=False)
    op.create_table(
        "financing_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sm3", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_application.id"],
            name=op.f("fk_financing_document_application_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_document")),
    )
    op.create_index(
        op.f("ix_financing_document_application_id"), "financing_document", ["application_id"], unique=False
    )
    op.create_table(
        "financing_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("officer", sa.String(length=120), nullable=False),
        sa.Column("officer_name", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["financing_application.id"], name=op.f("fk_financing_note_application_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_note")),
    )
    op.create_index(
        "ix_financing_note_application_id_at", "financing_note", ["application_id", "at"], unique=False
    )
    op.create_table(
        "financing_offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("demand_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", BigNumber, nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", BigNumber, nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=False),
        sa.Column("every_months", sa.Integer(), nullable=False),
        sa.Column("charges", JsonDocument, nullable=False),
        sa.Column("conditions", sa.String(length=500), nullable=False),
        sa.Column("needs_guarantee", sa.Boolean(), nullable=False),
        sa.Column("is_startup_guaranteed", sa.Boolean(), nullable=False),
        sa.Column("valid_until", UtcDateTime, nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("answered_at", UtcDateTime, nullable=True),
        sa.Column("answer_note", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["financing_application.id"], name=op.f("fk_financing_offer_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["demand_id"], ["financing_demand.id"], name=op.f("fk_financing_offer_demand_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_offer")),
        sa.UniqueConstraint(
            "application_id", "number", name=op.f("uq_financing_offer_application_id_number")
        ),
    )
    op.create_index("ix_financing_offer_demand_id", "financing_offer", ["demand_id"], unique=False)
    op.create_index(
        "ix_financing_offer_state_valid_until", "financing_offer", ["state", "valid_until"], unique=False
    )
    op.create_index(
        "uq_financing_offer_open",
        "financing_offer",
        ["application_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "financing_contract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("firm_id", BigNumber, nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["financing_application.id"],
            name=op.f("fk_financing_contract_application_id"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["financing_document.id"], name=op.f("fk_financing_contract_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["financing_offer.id"], name=op.f("fk_financing_contract_offer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_contract")),
        sa.UniqueConstraint("application_id", name=op.f("uq_financing_contract_application_id")),
        sa.UniqueConstraint("bank_code", "number", name=op.f("uq_financing_contract_bank_code_number")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_financing_contract_offer_id")),
    )
    op.create_table(
        "financing_loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("renews_id", sa.Uuid(), nullable=True),
        sa.Column("firm_id", BigNumber, nullable=False),
        sa.Column("bank_code", sa.String(length=40), nullable=False),
        sa.Column("unit_id", BigNumber, nullable=True),
        sa.Column("contract_number", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("principal_fen", BigNumber, nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("is_startup_guaranteed", sa.Boolean(), nullable=False),
        sa.Column("terms", JsonDocument, nullable=False),
        sa.Column("schedule", JsonDocument, nullable=False),
        sa.Column("balance_fen", BigNumber, nullable=False),
        sa.Column("settled_interest_fen", BigNumber, nullable=False),
        sa.Column("disbursed_on", sa.Date(), nullable=False),
        sa.Column("disbursement_reference", sa.String(length=40), nullable=False),
        sa.Column("maturity_on", sa.Date(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("overdue_since", sa.Date(), nullable=True),
        sa.Column("extended_on", sa.Date(), nullable=True),
        sa.Column("received_at", UtcDateTime, nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"], ["financing_application.id"], name=op.f("fk_financing_loan_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["financing_contract.id"], name=op.f("fk_financing_loan_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["renews_id"], ["financing_loan.id"], name=op.f("fk_financing_loan_renews_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_loan")),
        sa.UniqueConstraint(
            "bank_code", "contract_number", name=op.f("uq_financing_loan_bank_code_contract_number")
        ),
        sa.UniqueConstraint("renews_id", name=op.f("uq_financing_loan_renews_id")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_financing_loan_unit_id")),
    )
    op.create_index(
        op.f("ix_financing_loan_application_id"), "financing_loan", ["application_id"], unique=False
    )
    op.create_index(
        "ix_financing_loan_bank_code_state", "financing_loan", ["bank_code", "state"], unique=False
    )
    op.create_index("ix_financing_loan_firm_id", "financing_loan", ["firm_id"], unique=False)
    op.create_index(
        "ix_financing_loan_state_next_due_on", "financing_loan", ["state", "next_due_on"], unique=False
    )
    op.create_table(
        "financing_loan_event",
        sa.Column("number", BigNumber, autoincrement=True, nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("command", sa.String(length=24), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=120), nullable=False),
        sa.Column("detail", JsonDocument, nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_id"], ["financing_loan.id"], name=op.f("fk_financing_loan_event_loan_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_financing_loan_event")),
    )
    op.create_index(
        "ix_financing_loan_event_loan_id_number", "financing_loan_event", ["loan_id", "number"], unique=False
    )
    op.create_table(
        "financing_repayment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("principal_fen", BigNumber, nullable=False),
        sa.Column("interest_fen", BigNumber, nullable=False),
        sa.Column("penalty_fen", BigNumber, nullable=False),
        sa.Column("balance_fen", BigNumber, nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("reported_by", sa.String(length=120), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.ForeignKeyConstraint(
            ["loan_id"], ["financing_loan.id"], name=op.f("fk_financing_repayment_loan_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_repayment")),
        sa.UniqueConstraint("loan_id", "reference", name=op.f("uq_financing_repayment_loan_id_reference")),
    )
    op.create_index(
        "ix_financing_repayment_loan_id_on_day", "financing_repayment", ["loan_id", "on_day"], unique=False
    )
