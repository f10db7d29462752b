rule mendel:
    input:
        store=STORE,
        sheet="work/sheet/genotyped.tsv",
        pedigree=study.config.inputs.pedigree or [],
    output:
        trios=f"{FULL}/mendel/trios.parquet",
        variants=f"{FULL}/mendel/variants.parquet",
        ledger=f"{FULL}/mendel/ledger.json",
    log:
        "logs/mendel.log",
    benchmark:
        "benchmarks/mendel.tsv"
    container:
        image("mendel")
    resources:
        # All variants' names and places, and a block of calls.
        mem_mb=lambda wildcards, input, attempt: attempt * (600 + round(8 * input.size_mb)),
    params:
        settings=settings("mendel"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        names=list(CHROMOSOMES),
    shell:
        "genocohort mendel --folder {params.folder} --chromosomes {params.names:q}"
        " --sheet {input.sheet} --pedigree {input.pedigree}"
        " --settings {params.settings:q} --genome {params.genome:q}"
        " --trios {output.trios} --variants {output.variants} --ledger {output.ledger} 2> {log}"
