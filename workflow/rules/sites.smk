rule sites:
    input:
        panel=PANEL,
        store=[] if PANEL else STORE,
    output:
        sites=f"{FULL}/sites/sites.parquet",
        ledger=f"{FULL}/sites/ledger.json",
    log:
        "logs/sites.log",
    benchmark:
        "benchmarks/sites.tsv"
    container:
        image("sites")
    resources:
        # All variants' names and places, and a block of calls.
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + round(10 * input.size_mb)),
    params:
        settings=settings("sites"),
        genome=study.config.genome.to_json(),
        source=lambda wildcards, input: (
            f"--panel {input.panel[0]}"
            if input.panel
            else f"--folder {os.path.dirname(input.store[0])} --chromosomes {' '.join(CHROMOSOMES)}"
        ),
    shell:
        "genocohort sites {params.source} --settings {params.settings:q} --genome {params.genome:q}"
        " --sites {output.sites} --ledger {output.ledger} 2> {log}"
