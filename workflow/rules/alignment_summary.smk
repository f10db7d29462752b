rule alignment_summary:
    input:
        sheet="work/sheet/aligned.tsv",
        flagstat=expand(f"{FULL}/alignments/{{sample}}.flagstat.parquet", sample=ALIGNED),
        contigs=expand(f"{FULL}/alignments/{{sample}}.contigs.parquet", sample=ALIGNED),
        histograms=expand(f"{FULL}/alignments/{{sample}}.histograms.parquet", sample=ALIGNED),
        cycles=expand(f"{FULL}/alignments/{{sample}}.cycles.parquet", sample=ALIGNED),
        strata=expand(f"{FULL}/alignments/{{sample}}.strata.parquet", sample=ALIGNED),
        insert_sizes=expand(f"{FULL}/alignments/{{sample}}.insert_sizes.parquet", sample=ALIGNED),
        gc_bias=expand(f"{FULL}/alignments/{{sample}}.gc_bias.parquet", sample=ALIGNED),
        regions=(
            expand(f"{FULL}/alignments/{{sample}}.regions.parquet", sample=ALIGNED)
            if study.config.alignments.regions
            else []
        ),
    output:
        samples=f"{FULL}/alignment_summary/samples.parquet",
        contigs=f"{FULL}/alignment_summary/contigs.parquet",
        histograms=f"{FULL}/alignment_summary/histograms.parquet",
        cycles=f"{FULL}/alignment_summary/cycles.parquet",
        read_groups=f"{FULL}/alignment_summary/read_groups.parquet",
        ledger=f"{FULL}/alignment_summary/ledger.json",
    log:
        "logs/alignment_summary.log",
    benchmark:
        "benchmarks/alignment_summary.tsv"
    container:
        image("alignment_summary")
    resources:
        # All samples' tables but the cycles at once.
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + round(40 * input.size_mb)),
    params:
        settings=settings("alignment_summary"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.contigs[0]),
        regions="--with-regions" if study.config.alignments.regions else "",
    shell:
        "genocohort alignment_summary --sheet {input.sheet} --folder {params.folder}"
        " --settings {params.settings:q} --genome {params.genome:q}"
        " --samples {output.samples} --contigs {output.contigs} --histograms {output.histograms}"
        " --cycles {output.cycles} --read-groups {output.read_groups} {params.regions} --ledger {output.ledger} 2> {log}"
