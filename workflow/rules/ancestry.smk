rule ancestry:
    input:
        store=STORE,
        panel=study.ancestry_files(),
    output:
        samples=f"{FULL}/ancestry/samples.parquet",
        groups=f"{FULL}/ancestry/groups.parquet",
        components=f"{FULL}/ancestry/components.parquet",
        eigenvalues=f"{FULL}/ancestry/eigenvalues.parquet",
        loadings=f"{FULL}/ancestry/loadings.parquet",
        ledger=f"{FULL}/ancestry/ledger.json",
    log:
        "logs/ancestry.log",
    benchmark:
        "benchmarks/ancestry.tsv"
    container:
        image("ancestry")
    threads: 2
    resources:
        # The panel's calls of the variants shared (thousands of samples, up to 100,000 a
        # chromosome) and its relationship matrix, beside blocks of the cohort's calls.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (2000 + 500 * threads + round(8 * sum(map(os.path.getsize, input.store[1::3])) / 1e6)),
    params:
        settings=settings("ancestry"),
        genome=study.config.genome.to_json(),
        panel=(
            study.config.inputs.ancestry_panel.to_json()
            if study.config.inputs.ancestry_panel
            else "{}"
        ),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        names=list(CHROMOSOMES),
    shell:
        "genocohort ancestry --folder {params.folder} --chromosomes {params.names:q}"
        " --panel {params.panel:q} --settings {params.settings:q} --genome {params.genome:q}"
        " --threads {threads} --mem-mb {resources.mem_mb}"
        " --samples {output.samples} --groups {output.groups} --components {output.components}"
        " --eigenvalues {output.eigenvalues} --loadings {output.loadings}"
        " --ledger {output.ledger} 2> {log}"
