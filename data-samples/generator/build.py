"""The order in which the parts of the cohort are made and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .alignments import alignment_files, write_alignments
from .ancestry import simulate_contig
from .calls import draw_missing, render, write_vcf
from .clinical_tables import write_tables
from .layout import BURDEN_GENE, CONTIG_LENGTHS
from .people import make_people
from .plink_tables import write_plink_tables, write_sample_sheet
from .reference import make_genes, make_sequences, write_fasta, write_genes
from .roster import Roster, make_roster
from .sites import Site, SiteBuilder
from .traits import CausalVariants, Traits, choose_variants, draw_traits
from .truth import write_truth


@dataclass
class Cohort:
    """Everything that is true of the cohort, before it is written in any format."""

    roster: Roster
    sequences: dict[str, str]
    genes: list[tuple[str, int, int, str]]
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


def write_calls(cohort: Cohort, out: Path) -> None:
    """Write the cohort VCF and the split of chr21 and chr22."""
    lines = {c: render(rows, c, cohort.missing[c]) for c, rows in cohort.sites.items()}
    everything = (line for rows in lines.values() for line in rows)
    write_vcf(out / "calls" / "cohort.vcf.gz", cohort.roster, everything)
    for contig in ("chr21", "chr22"):
        path = out / "calls" / "per_chromosome" / f"{contig}.vcf.gz"
        write_vcf(path, cohort.roster, lines[contig])


def build(out: Path) -> None:
    """Write the whole cohort under a folder."""
    cohort = simulate()
    out.mkdir(parents=True, exist_ok=True)
    write_fasta(cohort.sequences, out / "reference" / "genome.fa.gz")
    write_genes(cohort.genes, out / "reference" / "genes.bed")
    write_calls(cohort, out)
    write_alignments(cohort.roster, cohort.sequences, cohort.sites, out)
    people = make_people(cohort.roster, cohort.traits)
    files = alignment_files(cohort.roster)
    write_sample_sheet(cohort.roster, files, out)
    write_plink_tables(people, cohort.roster, out)
    blemishes = write_tables(people, cohort.roster, out / "clinical" / "tables")
    write_truth(cohort, people, blemishes, files, out / "truth.json")
