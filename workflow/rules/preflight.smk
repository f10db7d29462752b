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
    params:
        config=str(study.path),
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
    container:
        image("preflight")
    shell:
        "genocohort preflight --config {params.config:q} --output {output.report} --ledger {output.ledger} 2> {log}"
