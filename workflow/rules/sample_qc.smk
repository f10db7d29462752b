OUTLIER_ANCESTRY = study.outlier_ancestry()


rule sample_qc:
    input:
        sheet="work/sheet/samples.tsv",
        variants=f"{FULL}/variant_summary/samples.parquet" if GENOTYPED else [],
        store=(
            expand(
                f"{FULL}/genotypes/{{chromosome}}.{{part}}",
                chromosome=CHROMOSOMES,
                part=("pgen", "pvar", "psam"),
            )
            if GENOTYPED
            else []
        ),
        kinship=f"{FULL}/kinship/pairs.parquet" if GENOTYPED else [],
        alignments=f"{FULL}/alignment_summary/samples.parquet" if ALIGNED else [],
        identity=f"{FULL}/identity/samples.parquet" if COMPARED else [],
        sign_offs=study.config.inputs.sign_offs or [],
        ancestry=f"{FULL}/ancestry/samples.parquet" if OUTLIER_ANCESTRY == "inferred" else [],
        participants=(
            f"{FULL}/clinical/participants.parquet" if OUTLIER_ANCESTRY == "reported" else []
        ),
    output:
        samples=f"{FULL}/sample_qc/samples.parquet",
        reasons=f"{FULL}/sample_qc/reasons.parquet",
        signed=f"{FULL}/sample_qc/sign_offs.parquet",
        ledger=f"{FULL}/sample_qc/ledger.json",
    log:
        "logs/sample_qc.log",
    benchmark:
        "benchmarks/sample_qc.tsv"
    container:
        image("sample_qc")
    threads: 2
    resources:
        # A block of calls per thread, and all variants' names and places.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            500
            + 400 * threads
            + (round(5 * sum(map(os.path.getsize, input.store[1::3])) / 1e6) if input.store else 0)
        ),
    params:
        settings=settings("sample_qc"),
        genome=study.config.genome.to_json(),
        calls=lambda wildcards, input: (
            f"--variants {input.variants} --kinship {input.kinship}"
            f" --folder {os.path.dirname(input.store[0])}"
            f" --chromosomes {' '.join(CHROMOSOMES)}"
            if input.variants
            else ""
        ),
        alignments=lambda wildcards, input: (
            f"--alignments {input.alignments}" if input.alignments else ""
        ),
        identity=lambda wildcards, input: (f"--identity {input.identity}" if input.identity else ""),
        sign_offs=lambda wildcards, input: (
            f"--sign-offs {input.sign_offs}" if input.sign_offs else ""
        ),
        ancestry=lambda wildcards, input: (
            f"--ancestry {input.ancestry}"
            if input.ancestry
            else f"--participants {input.participants}" if input.participants else ""
        ),
    shell:
        "genocohort sample_qc --sheet {input.sheet} {params.calls} {params.alignments} {params.identity} {params.sign_offs} {params.ancestry}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --samples {output.samples} --reasons {output.reasons} --signed {output.signed} --ledger {output.ledger} 2> {log}"
