rule variant_groups:
    input:
        store=expand(f"{FULL}/genotypes/{{{{chromosome}}}}.{{part}}", part=("pgen", "pvar", "psam")),
        sheet="work/sheet/genotyped.tsv",
        participants=f"{FULL}/clinical/participants.parquet" if study.column_map else [],
        phenotypes=f"{FULL}/clinical/phenotypes_wide.parquet" if study.column_map else [],
    output:
        counts=f"{FULL}/variant_groups/{{chromosome}}.counts.parquet",
        ledger=f"{FULL}/variant_groups/{{chromosome}}.ledger.json",
    log:
        "logs/variant_groups/{chromosome}.log",
    benchmark:
        "benchmarks/variant_groups/{chromosome}.tsv"
    container:
        image("variant_groups")
    resources:
        # All variants' names and places, a block of calls as numbers, and rows not yet written.
        mem_mb=lambda wildcards, input, attempt: attempt * (900 + round(8 * input.size_mb)),
    params:
        settings=settings("variant_groups"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
        clinical=lambda wildcards, input: (
            f"--participants {input.participants} --phenotypes {input.phenotypes}"
            if input.participants
            else ""
        ),
    shell:
        "genocohort variant_groups --folder {params.folder} --chromosome {wildcards.chromosome:q}"
        " --sheet {input.sheet} {params.clinical}"
        " --settings {params.settings:q} --genome {params.genome:q}"
        " --counts {output.counts:q} --ledger {output.ledger:q} 2> {log:q}"
