CLINICAL_TABLES = (
    "participants",
    "samples",
    "observations",
    "conditions",
    "exposures",
    "outcomes",
    "phenotypes_wide",
    "findings",
)


CLINICAL_EXPORTS = ("plink.pheno", "plink.cov", "regenie.pheno", "regenie.cov", "coding.tsv")
PSEUDONYMS = study.config.inputs.pseudonyms


rule clinical:
    input:
        column_map=study.config.inputs.clinical or [],
        files=[str(path) for path in study.column_map.paths()] if study.column_map else [],
        sheet="work/sheet/samples.tsv",
        pedigree=study.config.inputs.pedigree or [],
        key=PSEUDONYMS.key if PSEUDONYMS else [],
        crosswalk=PSEUDONYMS.crosswalk_file or [] if PSEUDONYMS else [],
        erased=study.config.inputs.erased or [],
    output:
        tables=expand(f"{FULL}/clinical/{{table}}.parquet", table=CLINICAL_TABLES),
        exports=expand(f"{FULL}/clinical/{{export}}", export=CLINICAL_EXPORTS),
        ledger=f"{FULL}/clinical/ledger.json",
    log:
        "logs/clinical.log",
    benchmark:
        "benchmarks/clinical.tsv"
    container:
        image("clinical")
    resources:
        # As preflight, which reads the same; files in object storage count as held whole.
        mem_mb=lambda wildcards, input, attempt: attempt
        * (500 + (CLINICAL_MEMORY_MB or round(20 * input.size_mb))),
    params:
        settings=settings("clinical"),
        root=lambda wildcards, input: study_root(input),
        folder=lambda wildcards, output: os.path.dirname(output.ledger),
        optional=lambda wildcards, input: " ".join(
            f"--{name} {input[name]}"
            for name in ("pedigree", "key", "crosswalk", "erased")
            if input[name]
        ),
    shell:
        "genocohort clinical --root {params.root} --column-map {input.column_map} --sheet {input.sheet} {params.optional}"
        " --settings {params.settings:q} --folder {params.folder} --ledger {output.ledger} 2> {log}"
