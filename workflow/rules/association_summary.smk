rule association_summary:
    input:
        results=expand(f"{FULL}/association/{{chromosome}}.parquet", chromosome=CHROMOSOMES),
        models=expand(f"{FULL}/association/{{chromosome}}.models.parquet", chromosome=CHROMOSOMES),
        genes=study.config.inputs.genes or [],
    output:
        phenotypes=f"{FULL}/association_summary/phenotypes.parquet",
        top_hits=f"{FULL}/association_summary/top_hits.parquet",
        gwas=[
            f"{FULL}/association_summary/{name}.{ending}"
            for name in study.config.association.phenotype_names()
            for ending in ("gwas.parquet", "gwas-ssf.tsv.gz", "gwas-ssf.tsv.gz-meta.yaml")
        ],
        ledger=f"{FULL}/association_summary/ledger.json",
    log:
        "logs/association_summary.log",
    benchmark:
        "benchmarks/association_summary.tsv"
    container:
        image("association_summary")
    resources:
        # The tests of one phenotype with copies, and the keys of a chromosome's variants.
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + round(25 * input.size_mb)),
    params:
        settings=settings("association_summary"),
        genome=study.config.genome.to_json(),
        folder=lambda wildcards, input: os.path.dirname(input.results[0]),
        output_folder=lambda wildcards, output: os.path.dirname(output.ledger),
        names=list(CHROMOSOMES),
        genes=lambda wildcards, input: f"--genes {input.genes}" if input.genes else "",
    shell:
        "genocohort association_summary --folder {params.folder} --chromosomes {params.names:q} {params.genes}"
        " --settings {params.settings:q} --genome {params.genome:q} --output-folder {params.output_folder}"
        " --ledger {output.ledger} 2> {log}"
