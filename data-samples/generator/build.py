"""The order in which the parts of the cohort are made and written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .alignments import alignment_files, write_alignments
from .calls import render, write_vcf
from .clinical_tables import write_tables
from .cohort import Cohort, simulate
from .fhir import write_fhir
from .omop import write_omop
from .people import Person, make_people
from .phenopackets import write_phenopackets
from .plink_calls import write_bed
from .plink_tables import write_plink_tables, write_sample_sheet
from .redcap import write_redcap
from .reference import write_fasta, write_genes, write_targets
from .truth import write_truth

FORMATS: dict[str, Callable[[list[Person], Path], None]] = {
    "redcap": write_redcap,
    "fhir": write_fhir,
    "omop": write_omop,
    "phenopackets": write_phenopackets,
}


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
    write_targets(out / "reference" / "targets.bed")
    write_calls(cohort, out)
    write_alignments(cohort.roster, cohort.sequences, cohort.sites, out)
    people = make_people(cohort.roster, cohort.traits)
    files = alignment_files(cohort.roster)
    write_sample_sheet(cohort.roster, files, out)
    write_plink_tables(people, cohort.roster, out)
    fam = out / "clinical" / "plink" / "cohort.fam"
    write_bed(cohort.sites["chr22"], cohort.missing["chr22"], fam, out / "calls/plink/chr22")
    blemishes = write_tables(people, cohort.roster, out / "clinical" / "tables")
    for name, write in FORMATS.items():
        write(people, out / "clinical" / name)
    write_truth(cohort, people, blemishes, files, out / "truth.json")
