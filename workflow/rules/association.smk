rule association:
    input:
        store=expand(f"{FULL}/genotypes/{{{{chromosome}}}}.{{part}}", part=("pgen", "pvar", "psam")),
        phenotypes=f"{FULL}/clinical/phenotypes_wide.parquet",
        links=f"{FULL}/clinical/samples.parquet",
        components=f"{FULL}/structure/components.parquet",
        sample_qc=f"{FULL}/sample_qc/samples.parquet",
    output:
        results=f"{FULL}/association/{{chromosome}}.parquet",
        models=f"{FULL}/association/{{chromosome}}.models.parquet",
        ledger=f"{FULL}/association/{{chromosome}}.ledger.json",
    log:
        "logs/association/{chromosome}.log",
    benchmark:
        "benchmarks/association/{chromosome}.tsv"
    container:
        image("association")
    resources:
        # A block of calls as numbers per thread, all variants' names and all tests.
        mem_mb=lambda wildcards, input, threads, attempt: attempt
        * (400 + 550 * threads + round(25 * input.size_mb)),
    params:
        settings=settings("association"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.store[0]),
    shell:
        "genocohort association --folder {params.folder} --chromosome {wildcards.chromosome:q}"
        " --phenotypes {input.phenotypes} --links {input.links} --components {input.components}"
        " --sample-qc {input.sample_qc} --settings {params.settings:q} --genome {params.genome:q}"
        " --threads {threads} --mem-mb {resources.mem_mb}"
        " --results {output.results:q} --models {output.models:q} --ledger {output.ledger:q} 2> {log:q}"
