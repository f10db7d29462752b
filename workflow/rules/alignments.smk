rule alignments:
    input:
        alignment=lambda wildcards: ALIGNED[wildcards.sample].alignment,
        reference=lambda wildcards: ALIGNED[wildcards.sample].reference or [],
        indexes=lambda wildcards: companions(
            ALIGNED[wildcards.sample].alignment, ALIGNED[wildcards.sample].reference
        ),
        targets=study.config.inputs.targets or [],
    output:
        flagstat=f"{FULL}/alignments/{{sample}}.flagstat.parquet",
        contigs=f"{FULL}/alignments/{{sample}}.contigs.parquet",
        histograms=f"{FULL}/alignments/{{sample}}.histograms.parquet",
        cycles=f"{FULL}/alignments/{{sample}}.cycles.parquet",
        ledger=f"{FULL}/alignments/{{sample}}.ledger.json",
    log:
        "logs/alignments/{sample}.log",
    benchmark:
        "benchmarks/alignments/{sample}.tsv"
    container:
        image("alignments")
    threads: 2
    resources:
        # A batch of records and a window of depth per thread, whatever the file.
        mem_mb=lambda wildcards, threads, attempt: attempt * (300 + 350 * threads),
    params:
        settings=settings("alignments"),
        genome=study.config.genome.to_json(),
        reference=lambda wildcards, input: (
            f"--reference {input.reference}" if input.reference else ""
        ),
        targets=lambda wildcards, input: f"--targets {input.targets}" if input.targets else "",
    shell:
        "genocohort alignments --sample {wildcards.sample:q} --alignment {input.alignment:q} {params.reference} {params.targets}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --flagstat {output.flagstat:q} --contigs {output.contigs:q} --histograms {output.histograms:q}"
        " --cycles {output.cycles:q} --ledger {output.ledger:q} 2> {log:q}"
