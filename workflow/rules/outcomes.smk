rule outcomes:
    input:
        tables=rules.clinical.output.tables,
        store=(
            expand(
                f"{FULL}/genotypes/{{chromosome}}.{{part}}",
                chromosome=CHROMOSOMES,
                part=("pgen", "pvar", "psam"),
            )
            if GENOTYPED
            else []
        ),
        scores=list(study.config.inputs.scores.values()),
    output:
        table1=f"{FULL}/outcomes/table1.parquet",
        curves=f"{FULL}/outcomes/survival_curves.parquet",
        tests=f"{FULL}/outcomes/survival_tests.parquet",
        hazards=f"{FULL}/outcomes/hazards.parquet",
        scores=f"{FULL}/outcomes/scores.parquet",
        ledger=f"{FULL}/outcomes/ledger.json",
    log:
        "logs/outcomes.log",
    benchmark:
        "benchmarks/outcomes.tsv"
    container:
        image("outcomes")
    resources:
        # The clinical tables, and the variants' names of a chromosome.
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + round(4 * input.size_mb)),
    params:
        settings=settings("outcomes"),
        genome=study.config.genome.to_json(),
        scores=lambda wildcards, input: (
            f"--score-names {' '.join(study.config.inputs.scores)} --score-files {input.scores}"
            if input.scores
            else ""
        ),
        folder=lambda wildcards, input: os.path.dirname(input.tables[0]),
        store=lambda wildcards, input: (
            f"--genotypes {os.path.dirname(input.store[0])} --chromosomes {' '.join(CHROMOSOMES)}"
            if input.store
            else ""
        ),
    shell:
        "genocohort outcomes --folder {params.folder} {params.store} {params.scores} --settings {params.settings:q}"
        " --genome {params.genome:q}"
        " --table1 {output.table1} --curves {output.curves} --tests {output.tests} --hazards {output.hazards}"
        " --scores {output.scores} --ledger {output.ledger} 2> {log}"
