CLINICAL_FILES = study.column_map.paths() if study.column_map else ()
# Tables are held whole; FHIR's lines are streamed, and one that is gzipped grows about tenfold.
CLINICAL_MEMORY_MB = (
    sum(
        os.path.getsize(p) * (2 if ".ndjson" in str(p) else 20)
        for p in CLINICAL_FILES
        if os.path.exists(p)
    )
    >> 20
)


rule preflight:
    input:
        files=[str(path) for path in study.input_files() if path != study.path],
        inputs="work/sheet/inputs.json",
        sheet="work/sheet/samples.tsv",
    output:
        report=f"{FULL}/preflight/preflight.json",
        ledger=f"{FULL}/preflight/ledger.json",
    log:
        "logs/preflight.log",
    benchmark:
        "benchmarks/preflight.tsv"
    priority: 100
    container:
        image("preflight")
    resources:
        # Streams alignments and calls; see above for the clinical records.
        mem_mb=lambda wildcards, attempt: attempt * (500 + CLINICAL_MEMORY_MB),
    params:
        settings=settings("preflight"),
        root=lambda wildcards, input: study_root(input),
    shell:
        "genocohort preflight --root {params.root} --inputs {input.inputs} --sheet {input.sheet} --settings {params.settings:q}"
        " --output {output.report} --ledger {output.ledger} 2> {log}"
