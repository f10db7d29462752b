rule variants:
    input:
        calls=lambda wildcards: str(CHROMOSOMES[wildcards.chromosome].path),
        companions=lambda wildcards: CHROMOSOMES[wildcards.chromosome].companions(),
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
        # Batches under way, and one row per allele until all are written.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            400
            + 120 * threads
            + min(16000, round(25 * input.size_mb / (1 + len(GENOTYPED) / 1000)))
        ),
    params:
        settings=settings("variants"),
        genome=study.config.genome.to_json(),
        contig=lambda wildcards: CHROMOSOMES[wildcards.chromosome].contig,
    shell:
        "genocohort variants --calls {input.calls:q} --contig {params.contig:q} --sheet {input.sheet}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --sites {output.sites:q} --samples {output.samples:q} --histograms {output.histograms:q}"
        " --ledger {output.ledger:q} 2> {log:q}"
