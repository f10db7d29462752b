from genocohort.steps.multiqc.compute import ENDING, SECTION_TABLES

# A section is there if the steps are that it shows.
MULTIQC_TABLES = {
    section: [f"{FULL}/{table}.parquet" for table in tables]
    for section, tables in SECTION_TABLES.items()
    if all(SUMMARIES[table.split("/")[0]] for table in tables)
}


rule multiqc:
    input:
        sorted({table for tables in MULTIQC_TABLES.values() for table in tables}),
    output:
        [f"{FULL}/multiqc/{section}{ENDING}" for section in MULTIQC_TABLES],
    log:
        "logs/multiqc.log",
    benchmark:
        "benchmarks/multiqc.tsv"
    container:
        image("multiqc")
    resources:
        # The tables' rows as Python's own values.
        mem_mb=lambda wildcards, input, attempt: attempt * (400 + round(40 * input.size_mb)),
    params:
        settings=settings("multiqc"),
        folder=lambda wildcards, input: os.path.dirname(os.path.dirname(input[0])),
    shell:
        "genocohort multiqc --folder {params.folder} --settings {params.settings:q}"
        " --outputs {output} 2> {log}"
