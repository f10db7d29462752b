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
    output:
        table1=f"{FULL}/outcomes/table1.parquet",
        curves=f"{FULL}/outcomes/survival_curves.parquet",
        tests=f"{FULL}/outcomes/survival_tests.parquet",
        hazards=f"{FULL}/outcomes/hazards.parquet",
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
        folder=lambda wildcards, input: os.path.dirname(input.tables[0]),
        store=lambda wildcards, input: (
            f"--genotypes {os.path.dirname(input.store[0])} --chromosomes {' '.join(CHROMOSOMES)}"
            if input.store
            else ""
        ),
    shell:
        "genocohort outcomes --folder {params.folder} {params.store} --settings {params.settings:q}"
        " --table1 {output.table1} --curves {output.curves} --tests {output.tests} --hazards {output.hazards}"
        " --ledger {output.ledger} 2> {log}"
