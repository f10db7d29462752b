CALLED = bool(CHROMOSOMES)  # a sites-only file has chromosomes and no samples
SUMMARIES = {
    "alignment_summary": bool(ALIGNED),
    "variant_summary": CALLED,
    "truth": study.truth is not None,
    "kinship": bool(GENOTYPED),
    "mendel": bool(GENOTYPED and study.config.inputs.pedigree),
    "sites": COMPARED,
    "identity": COMPARED,
    "ancestry": bool(GENOTYPED and study.config.inputs.ancestry_panel),
    "sample_qc": bool(ALIGNED or GENOTYPED),
    "structure": bool(GENOTYPED),
    "clinical": study.column_map is not None,
    "outcomes": study.column_map is not None,
    "association_summary": bool(
        GENOTYPED and study.column_map and study.config.association.phenotype_names()
    ),
}
PER_RUN = ["preflight", *(step for step, used in SUMMARIES.items() if used)]
PER_CHROMOSOME = ["variants"] * CALLED + ["genotypes"] * bool(GENOTYPED)
PER_CHROMOSOME += ["variant_groups"] * bool(GENOTYPED and study.config.variant_groups.by)
PER_CHROMOSOME += ["association"] * SUMMARIES["association_summary"]
PER_SAMPLE = ["alignments"] * bool(ALIGNED)


rule accounts:
    input:
        per_run=expand(f"{FULL}/{{step}}/ledger.json", step=PER_RUN),
        per_chromosome=expand(
            f"{FULL}/{{step}}/{{chromosome}}.ledger.json",
            step=PER_CHROMOSOME,
            chromosome=CHROMOSOMES,
        ),
        per_sample=expand(
            f"{FULL}/{{step}}/{{sample}}.ledger.json", step=PER_SAMPLE, sample=ALIGNED
        ),
        sheet="work/sheet/aligned.tsv",
    output:
        ledger=f"{FULL}/accounts/ledger.parquet",
        accounts=f"{FULL}/accounts/accounts.json",
    log:
        "logs/accounts.log",
    benchmark:
        "benchmarks/accounts.tsv"
    container:
        image("accounts")
    resources:
        # The ledgers alone.
        mem_mb=lambda wildcards, input, attempt: attempt * (400 + round(10 * input.size_mb)),
    params:
        settings=settings("accounts"),
        folder=lambda wildcards, output: os.path.dirname(os.path.dirname(output.ledger)),
        per_run=PER_RUN,
        per_chromosome=PER_CHROMOSOME,
        per_sample=PER_SAMPLE,
        names=list(CHROMOSOMES),
    shell:
        "genocohort accounts --folder {params.folder} --settings {params.settings:q}"
        " --steps {params.per_run:q} --per-chromosome {params.per_chromosome:q} --chromosomes {params.names:q}"
        " --per-sample {params.per_sample:q} --sheet {input.sheet}"
        " --ledger {output.ledger} --accounts {output.accounts} 2> {log}"
