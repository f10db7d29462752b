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
        # All variants' names and places, blocks of calls, and the counts of all pairs: above 2 GiB
        # of those the calls are read once more for each further part.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            700
            + round(5 * sum(os.path.getsize(f) for f in input.store[1::3]) / 1e6)
            + round(len(GENOTYPED) * (0.012 + 0.03 * threads))
            + min(round(len(GENOTYPED) ** 2 / 90000), 2048)
        ),
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
