"""Generator of the synthetic sample cohort: one planted truth, written in every input format."""
