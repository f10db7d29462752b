rule variants:
    input:
        counts=f"{FULL}/genotypes/{{chromosome}}.counts.arrow",
        sums=f"{FULL}/genotypes/{{chromosome}}.sums.npy",
        sheet="work/sheet/genotyped.tsv",
    output:
        sites=f"{FULL}/variants/{{chromosome}}.sites.parquet",
        samples=f"{FULL}/variants/{{chromosome}}.samples.parquet",
        histograms=f"{FULL}/variants/{{chromosome}}.histograms.parquet",
        ledger=f"{FULL}/variants/{{chromosome}}.ledger.json",
    log:
        "logs/variants/{chromosome}.log",
    benchmark:
        "benchmarks/variants/{chromosome}.tsv"
    container:
        image("variants")
    resources:
        # One batch of rows at a time, and the sums of samples.
        mem_mb=lambda wildcards, attempt: attempt * (500 + len(GENOTYPED) // 100),
    params:
        settings=settings("variants"),
        genome=study.config.genome.to_json(),
        contig=lambda wildcards: CHROMOSOMES[wildcards.chromosome].contig,
    shell:
        "genocohort variants --counts {input.counts:q} --sums {input.sums:q} --contig {params.contig:q}"
        " --sheet {input.sheet} --settings {params.settings:q} --genome {params.genome:q}"
        " --sites {output.sites:q} --samples {output.samples:q} --histograms {output.histograms:q}"
        " --ledger {output.ledger:q} 2> {log:q}"
