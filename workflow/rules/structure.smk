rule structure:
    input:
        store=expand(
            f"{FULL}/genotypes/{{chromosome}}.{{part}}",
            chromosome=CHROMOSOMES,
            part=("pgen", "pvar", "psam"),
        ),
        kinship=f"{FULL}/kinship/pairs.parquet",
        sample_qc=f"{FULL}/sample_qc/samples.parquet",
        groups=f"{FULL}/clinical/participants.parquet" if study.column_map else [],
        ancestral=study.config.inputs.ancestral or [],
        inferred=(
            f"{FULL}/ancestry/samples.parquet"
            if study.config.inputs.ancestry_panel
            and study.config.structure.group_by == "ancestry_inferred"
            else []
        ),
    output:
        components=f"{FULL}/structure/components.parquet",
        eigenvalues=f"{FULL}/structure/eigenvalues.parquet",
        loadings=f"{FULL}/structure/loadings.parquet",
        pruned=f"{FULL}/structure/pruned.parquet",
        ancestry=f"{FULL}/structure/ancestry.parquet",
        roh_segments=f"{FULL}/structure/roh_segments.parquet",
        roh_samples=f"{FULL}/structure/roh_samples.parquet",
        diversity=f"{FULL}/structure/diversity.parquet",
        spectrum=f"{FULL}/structure/spectrum.parquet",
        fst=f"{FULL}/structure/fst.parquet",
        ld_decay=f"{FULL}/structure/ld_decay.parquet",
        ibs=f"{FULL}/structure/ibs.parquet",
        mds=f"{FULL}/structure/mds.parquet",
        ledger=f"{FULL}/structure/ledger.json",
    log:
        "logs/structure.log",
    benchmark:
        "benchmarks/structure.tsv"
    container:
        image("structure")
    threads: 2
    resources:
        # All variants' names and places, blocks of calls, and the relationship matrix with what its
        # eigenvectors are found with, or the vectors of the randomized method; where IBS is asked
        # for, the counts of all pairs.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (
            800
            + 700 * threads
            + round(5 * sum(map(os.path.getsize, input.store[1::3])) / 1e6)
            + (
                round(len(GENOTYPED) * 0.1)
                if study.randomized_components()
                else round(len(GENOTYPED) ** 2 / 20000)
            )
            + (
                round(len(GENOTYPED) ** 2 / 20000)
                if study.config.structure.ibs or study.config.structure.mds_dimensions
                else 0
            )
        ),
    params:
        settings=settings("structure"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        names=list(CHROMOSOMES),
        groups=lambda wildcards, input: f"--participants {input.groups}" if input.groups else "",
        ancestral=lambda wildcards, input: (
            f"--ancestral {input.ancestral}" if input.ancestral else ""
        ),
        inferred=lambda wildcards, input: (
            f"--inferred-ancestry {input.inferred}" if input.inferred else ""
        ),
    shell:
        "genocohort structure --folder {params.folder} --chromosomes {params.names:q}"
        " --kinship {input.kinship} --sample-qc {input.sample_qc} {params.groups} {params.ancestral} {params.inferred}"
        " --settings {params.settings:q} --genome {params.genome:q} --threads {threads} --mem-mb {resources.mem_mb}"
        " --components {output.components} --eigenvalues {output.eigenvalues} --loadings {output.loadings} --pruned {output.pruned}"
        " --ancestry {output.ancestry} --roh-segments {output.roh_segments}"
        " --roh-samples {output.roh_samples} --diversity {output.diversity}"
        " --spectrum {output.spectrum} --fst {output.fst} --ld-decay {output.ld_decay}"
        " --ibs {output.ibs} --mds {output.mds} --ledger {output.ledger} 2> {log}"
