"""Read the results of a run in a notebook or a script: `results = genocohort.results.open()`."""

from genocohort.results.cohort import CohortResults
from genocohort.results.cohort import open_results as open
from genocohort.results.regions import Genotypes

__all__ = ["CohortResults", "Genotypes", "open"]
