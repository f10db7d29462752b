rule preflight:
    input:
        files=[str(path) for path in study.input_files()],
        samples="work/sheet/samples.tsv",
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
        config=str(study.path),
    shell:
        "genocohort preflight --config {params.config:q} --output {output.report} --ledger {output.ledger} 2> {log}"
