rule kinship:
    input:
        store=expand(
            f"{FULL}/genotypes/{{chromosome}}.{{part}}",
            chromosome=CHROMOSOMES,
            part=("pgen", "pvar", "psam"),
        ),
        sheet="work/sheet/genotyped.tsv",
        pedigree=study.config.inputs.pedigree or [],
    output:
        pairs=f"{FULL}/kinship/pairs.parquet",
        ledger=f"{FULL}/kinship/ledger.json",
    log:
        "logs/kinship.log",
    benchmark:
        "benchmarks/kinship.tsv"
    container:
        image("kinship")
    threads: 2
    resources:
        # A tile of pairs per thread, and all variants' names and places.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (400 + 250 * threads + round(8 * input.size_mb)),
    params:
        settings=settings("kinship"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        names=list(CHROMOSOMES),
        pedigree=lambda wildcards, input: f"--pedigree {input.pedigree}" if input.pedigree else "",
    shell:
        "genocohort kinship --folder {params.folder} --chromosomes {params.names:q} --sheet {input.sheet}"
        " {params.pedigree} --settings {params.settings:q} --genome {params.genome:q}"
        " --threads {threads} --mem-mb {resources.mem_mb}"
        " --pairs {output.pairs} --ledger {output.ledger} 2> {log}"
