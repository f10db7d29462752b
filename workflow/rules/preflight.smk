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
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
    params:
        settings=settings("preflight"),
    shell:
        "genocohort preflight --inputs {input.inputs} --sheet {input.sheet} --settings {params.settings:q}"
        " --output {output.report} --ledger {output.ledger} 2> {log}"
