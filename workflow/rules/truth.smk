TRUTH = study.truth
TRUTH_CHROMOSOMES = list(TRUTH.contigs) if TRUTH else []


rule truth_genotypes:
    input:
        calls=lambda wildcards: str(TRUTH.contigs[wildcards.chromosome][1]),
        companions=lambda wildcards: calls_companions(TRUTH.contigs[wildcards.chromosome][1]),
        sheet="work/sheet/truth.tsv",
        regions=(TRUTH.regions or []) if TRUTH else [],
    output:
        pgen=temp("work/truth/{chromosome}.pgen"),
        pvar=temp("work/truth/{chromosome}.pvar"),
        psam=temp("work/truth/{chromosome}.psam"),
        counts=temp("work/truth/{chromosome}.counts.arrow"),
        sums=temp("work/truth/{chromosome}.sums.npy"),
        ledger=temp("work/truth/{chromosome}.ledger.json"),
    log:
        "logs/truth_genotypes/{chromosome}.log",
    benchmark:
        "benchmarks/truth_genotypes/{chromosome}.tsv"
    container:
        image("genotypes")
    resources:
        # A few samples: batches under way, and what is known of each variant.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (300 + 80 * threads + min(16000, round(14 * input.size_mb))),
    params:
        genome=study.config.genome.to_json(),
        contig=lambda wildcards: TRUTH.contigs[wildcards.chromosome][0],
        regions=lambda wildcards, input: f"--include {input.regions}" if input.regions else "",
    shell:
        "genocohort genotypes --calls {input.calls:q} --contig {params.contig:q} --sheet {input.sheet}"
        " {params.regions} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --pgen {output.pgen:q} --pvar {output.pvar:q} --psam {output.psam:q}"
        " --counts {output.counts:q} --sums {output.sums:q} --ledger {output.ledger:q} 2> {log:q}"


rule truth:
    input:
        store=[path for path in STORE if Path(path).name.rsplit(".", 1)[0] in TRUTH_CHROMOSOMES],
        truth=expand(
            "work/truth/{chromosome}.{part}",
            chromosome=TRUTH_CHROMOSOMES,
            part=("pgen", "pvar", "psam"),
        ),
        regions=(TRUTH.regions or []) if TRUTH else [],
    output:
        concordance=f"{FULL}/truth/concordance.parquet",
        ledger=f"{FULL}/truth/ledger.json",
    log:
        "logs/truth.log",
    benchmark:
        "benchmarks/truth.tsv"
    container:
        image("truth")
    resources:
        # All variants' names and places, those of the samples compared as Python's own.
        mem_mb=lambda wildcards, input, attempt: attempt * (600 + round(20 * input.size_mb)),
    params:
        settings=settings("truth"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        truth_folder=lambda wildcards, input: os.path.dirname(input.truth[0]),
        names=TRUTH_CHROMOSOMES,
        regions=lambda wildcards, input: f"--regions {input.regions}" if input.regions else "",
    shell:
        "genocohort truth --folder {params.folder} --truth-folder {params.truth_folder}"
        " --chromosomes {params.names:q} {params.regions} --settings {params.settings:q}"
        " --genome {params.genome:q} --concordance {output.concordance} --ledger {output.ledger} 2> {log}"
