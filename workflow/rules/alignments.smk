# As MultiQC's modules for samtools and mosdepth find them.
PEER_TEXTS = [
    f"{FULL}/alignments/{{sample}}.{ending}"
    for ending in (
        "flagstat.txt",
        "idxstats.txt",
        "samtools_stats.txt",
        "mosdepth.summary.txt",
        "mosdepth.global.dist.txt",
    )
]


PER_BASE = {"none": "", "bedgraph": "bed.gz", "bigwig": "bw"}[study.config.alignments.per_base]


rule alignments:
    input:
        alignment=lambda wildcards: ALIGNED[wildcards.sample].alignment,
        reference=lambda wildcards: ALIGNED[wildcards.sample].reference or [],
        indexes=lambda wildcards: companions(
            ALIGNED[wildcards.sample].alignment, ALIGNED[wildcards.sample].reference
        ),
        targets=study.config.inputs.targets or [],
        regions=study.config.alignments.regions or [],
        sites=f"{FULL}/sites/sites.parquet" if PANEL else [],
    output:
        **({"texts": PEER_TEXTS} if study.config.alignments.peer_texts else {}),
        **({"alleles": f"{FULL}/alignments/{{sample}}.alleles.parquet"} if PANEL else {}),
        **(
            {"region_depths": f"{FULL}/alignments/{{sample}}.regions.parquet"}
            if study.config.alignments.regions
            else {}
        ),
        **({"per_base": f"{FULL}/alignments/{{sample}}.per-base.{PER_BASE}"} if PER_BASE else {}),
        flagstat=f"{FULL}/alignments/{{sample}}.flagstat.parquet",
        contigs=f"{FULL}/alignments/{{sample}}.contigs.parquet",
        histograms=f"{FULL}/alignments/{{sample}}.histograms.parquet",
        cycles=f"{FULL}/alignments/{{sample}}.cycles.parquet",
        strata=f"{FULL}/alignments/{{sample}}.strata.parquet",
        insert_sizes=f"{FULL}/alignments/{{sample}}.insert_sizes.parquet",
        gc_bias=f"{FULL}/alignments/{{sample}}.gc_bias.parquet",
        gc_depth=f"{FULL}/alignments/{{sample}}.gc_depth.parquet",
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
        regions=lambda wildcards, input, output: (
            f"--regions {shlex.quote(input.regions)} --region-depths {shlex.quote(output.region_depths)}"
            if input.regions
            else ""
        ),
        per_base=lambda wildcards, output: (
            f"--per-base {shlex.quote(output.per_base)}" if PER_BASE else ""
        ),
        sites=lambda wildcards, input, output: (
            f"--sites {input.sites} --alleles {shlex.quote(output.alleles)}" if PANEL else ""
        ),
        texts=lambda wildcards, output: (
            f"--peer-texts {shlex.join(output.texts)}"
            if study.config.alignments.peer_texts
            else ""
        ),
    shell:
        "genocohort alignments --sample {wildcards.sample:q} --alignment {input.alignment:q} {params.reference} {params.targets} {params.regions} {params.sites} {params.texts} {params.per_base}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --flagstat {output.flagstat:q} --contigs {output.contigs:q} --histograms {output.histograms:q}"
        " --cycles {output.cycles:q} --strata {output.strata:q} --insert-sizes {output.insert_sizes:q}"
        " --gc-bias {output.gc_bias:q} --gc-depth {output.gc_depth:q} --ledger {output.ledger:q} 2> {log:q}"


# With a panel the alleles come from the pass over all reads.
ruleorder: alignments > alignments_sites


# Sites that are chosen from the calls: read by the index, so that a change of the calls repeats
# this alone and not the pass over all reads.
rule alignments_sites:
    input:
        alignment=lambda wildcards: ALIGNED[wildcards.sample].alignment,
        reference=lambda wildcards: ALIGNED[wildcards.sample].reference or [],
        indexes=lambda wildcards: companions(
            ALIGNED[wildcards.sample].alignment, ALIGNED[wildcards.sample].reference
        ),
        sites=f"{FULL}/sites/sites.parquet",
    output:
        alleles=f"{FULL}/alignments/{{sample}}.alleles.parquet",
    log:
        "logs/alignments/{sample}.sites.log",
    benchmark:
        "benchmarks/alignments_sites/{sample}.tsv"
    container:
        image("alignments")
    threads: 2
    resources:
        mem_mb=lambda wildcards, threads, attempt: attempt * (300 + 350 * threads),
    params:
        settings=settings("alignments"),
        genome=study.config.genome.to_json(),
        reference=lambda wildcards, input: (
            f"--reference {input.reference}" if input.reference else ""
        ),
    shell:
        "genocohort alignments --sample {wildcards.sample:q} --alignment {input.alignment:q} {params.reference}"
        " --sites {input.sites} --settings {params.settings:q} --genome {params.genome:q}"
        " --threads {threads} --mem-mb {resources.mem_mb} --alleles {output.alleles:q} 2> {log:q}"
