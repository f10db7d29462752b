rule genotypes:
    input:
        calls=lambda wildcards: str(CHROMOSOMES[wildcards.chromosome].path),
        companions=lambda wildcards: CHROMOSOMES[wildcards.chromosome].companions(),
        sheet="work/sheet/genotyped.tsv",
        include=study.config.inputs.include_regions or [],
        exclude=study.config.inputs.exclude_regions or [],
    output:
        pgen=f"{FULL}/genotypes/{{chromosome}}.pgen",
        pvar=f"{FULL}/genotypes/{{chromosome}}.pvar",
        psam=f"{FULL}/genotypes/{{chromosome}}.psam",
        counts=f"{FULL}/genotypes/{{chromosome}}.counts.arrow",
        sums=f"{FULL}/genotypes/{{chromosome}}.sums.npy",
        ledger=f"{FULL}/genotypes/{{chromosome}}.ledger.json",
    log:
        "logs/genotypes/{chromosome}.log",
    benchmark:
        "benchmarks/genotypes/{chromosome}.tsv"
    container:
        image("genotypes")
    resources:
        # Batches under way, and what is known of each variant until all are written.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            300
            + 80 * threads
            + min(16000, round(14 * input.size_mb / (1 + len(GENOTYPED) / 1000)))
        ),
        # Two bits per call in the scratch, until the number of variants is known.
        disk_mb=lambda wildcards, input, attempt: attempt * (2000 + round(5 * input.size_mb)),
    params:
        settings=settings("genotypes"),
        genome=study.config.genome.to_json(),
        contig=lambda wildcards: CHROMOSOMES[wildcards.chromosome].contig,
        regions=lambda wildcards, input: [
            word
            for option in ("include", "exclude")
            if input.get(option)
            for word in (f"--{option}", input.get(option))
        ],
    shell:
        "genocohort genotypes --calls {input.calls:q} --contig {params.contig:q} --sheet {input.sheet}"
        " {params.regions:q}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --pgen {output.pgen:q} --pvar {output.pvar:q} --psam {output.psam:q}"
        " --counts {output.counts:q} --sums {output.sums:q} --ledger {output.ledger:q} 2> {log:q}"
