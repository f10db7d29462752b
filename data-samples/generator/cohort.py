"""Everything that is true of the cohort, drawn in memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .ancestry import simulate_contig
from .calls import draw_missing
from .layout import BURDEN_GENE, CONTIG_LENGTHS
from .reference import Gene, make_genes, make_sequences
from .roster import Roster, make_roster
from .sites import Site, SiteBuilder
from .traits import CausalVariants, Traits, choose_variants, draw_traits


@dataclass
class Cohort:
    """Everything that is true of the cohort, before it is written in any format."""

    roster: Roster
    sequences: dict[str, str]
    genes: list[Gene]
    sites: dict[str, list[Site]]
    missing: dict[str, NDArray[np.bool_]]
    causal: CausalVariants
    traits: Traits


def simulate() -> Cohort:
    """Draw the whole cohort in memory."""
    roster = make_roster()
    sequences = make_sequences()
    genes = make_genes()
    sites = {
        contig: SiteBuilder(contig, sequences[contig], simulate_contig(contig, roster)).build()
        for contig in CONTIG_LENGTHS
    }
    burden_gene = next(gene for gene in genes if gene[3] == BURDEN_GENE)
    causal = choose_variants(sites, burden_gene, roster)
    complete = causal.positions()
    missing = {
        contig: draw_missing(rows, contig, roster, complete) for contig, rows in sites.items()
    }
    return Cohort(roster, sequences, genes, sites, missing, causal, draw_traits(roster, causal))
