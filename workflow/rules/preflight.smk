rule preflight:
    input:
        files=[str(path) for path in study.input_files()],
        inputs="work/sheet/inputs.json",
        sheet="work/sheet/samples.tsv",
    output:
        report=CHECKED,
        ledger=f"{FULL}/preflight/ledger.json",
    log:
        "logs/preflight.log",
    benchmark:
        "benchmarks/preflight.tsv"
    container:
        image("preflight")
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
    params:
        settings=settings("preflight"),
    shell:
        "genocohort preflight --inputs {input.inputs} --sheet {input.sheet} --settings {params.settings:q}"
        " --output {output.report} --ledger {output.ledger} 2> {log}"
