"""Tables of the step `accounts`."""

from genocohort.domain.table import Column, Table

LEDGER = Table(
    "accounts/ledger",
    1,
    "What came into each step, what was kept, and what was dropped for which reason: one row per "
    "reason, or one with a null reason where nothing was dropped.",
    (
        Column("step", "dictionary", "the step that counted"),
        Column("scope", "dictionary", "chromosome, sample or phenotype it counted for, or `all`"),
        Column("unit", "dictionary", "what was counted"),
        Column("source", "dictionary", "the step it came from; `input` for files handed in"),
        Column("n_in", "int64", "how many came in"),
        Column("n_kept", "int64", "how many were kept"),
        Column("reason", "string", "why some were dropped", "nothing was dropped"),
        Column("n_dropped", "int64", "how many were dropped for this reason"),
        Column("is_loss", "bool", "true: expected by the user and missing; false: a stated filter"),
        Column("examples", "list<string>", "up to five ids"),
    ),
)
