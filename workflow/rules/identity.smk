rule identity:
    input:
        sheet="work/sheet/aligned.tsv",
        sites=f"{FULL}/sites/sites.parquet",
        alleles=expand(f"{FULL}/alignments/{{sample}}.alleles.parquet", sample=ALIGNED),
        store=STORE,
    output:
        samples=f"{FULL}/identity/samples.parquet",
        pairs=f"{FULL}/identity/pairs.parquet",
        ledger=f"{FULL}/identity/ledger.json",
    log:
        "logs/identity.log",
    benchmark:
        "benchmarks/identity.tsv"
    container:
        image("identity")
    threads: 2
    resources:
        # All samples' calls at the sites, all variants' names and places, and the pairs.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            500
            + 50 * threads
            + round(8 * input.size_mb)
            + round(len(GENOTYPED) * (0.04 + 0.0003 * len(ALIGNED)))
        ),
    params:
        settings=settings("identity"),
        genome=study.config.genome.to_json(),
        alleles=lambda wildcards, input: os.path.dirname(input.alleles[0]),
        store=lambda wildcards, input: (
            f"--folder {os.path.dirname(input.store[0])} --chromosomes {' '.join(CHROMOSOMES)}"
            if input.store
            else ""
        ),
    shell:
        "genocohort identity --sheet {input.sheet} --sites {input.sites}"
        " --alleles {params.alleles} {params.store}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --samples {output.samples} --pairs {output.pairs} --ledger {output.ledger} 2> {log}"
