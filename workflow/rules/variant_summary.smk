rule variant_summary:
    input:
        sites=expand(f"{FULL}/variants/{{chromosome}}.sites.parquet", chromosome=CHROMOSOMES),
        samples=expand(f"{FULL}/variants/{{chromosome}}.samples.parquet", chromosome=CHROMOSOMES),
        histograms=expand(
            f"{FULL}/variants/{{chromosome}}.histograms.parquet", chromosome=CHROMOSOMES
        ),
    output:
        chromosomes=f"{FULL}/variant_summary/chromosomes.parquet",
        samples=f"{FULL}/variant_summary/samples.parquet",
        histograms=f"{FULL}/variant_summary/histograms.parquet",
        text=f"{FULL}/variant_summary/cohort.bcftools_stats.txt",
        ledger=f"{FULL}/variant_summary/ledger.json",
    log:
        "logs/variant_summary.log",
    benchmark:
        "benchmarks/variant_summary.tsv"
    container:
        image("variant_summary")
    threads: 2
    resources:
        # One chromosome's table of sites per thread.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (400 + round(80 * threads * input.size_mb / max(len(CHROMOSOMES), 2))),
    params:
        settings=settings("variant_summary"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.sites[0]),
        names=list(CHROMOSOMES),
        cohort=study.config.study,
    shell:
        "genocohort variant_summary --folder {params.folder} --chromosomes {params.names:q}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --chromosome-table {output.chromosomes} --samples {output.samples} --histograms {output.histograms}"
        " --text {output.text} --cohort {params.cohort:q} --ledger {output.ledger} 2> {log}"
