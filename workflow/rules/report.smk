rule report:
    input:
        summaries=[getattr(rules, step).output for step in PER_RUN],
        ledger=rules.accounts.output.ledger,
        accounts=rules.accounts.output.accounts,
    output:
        html=f"{FULL}/report/index.html",
        share=f"{FULL}/report/share.html",
    log:
        "logs/report.log",
    benchmark:
        "benchmarks/report.tsv"
    container:
        image("report")
    resources:
        # The summaries, and the tests of one phenotype.
        mem_mb=lambda wildcards, input, attempt: attempt * (500 + round(10 * input.size_mb)),
    params:
        settings=settings("report"),
        genome=study.config.genome.to_json(),
        study=study.config.study,
        software=software_json(CONTAINERS),
        folder=lambda wildcards, input: os.path.dirname(os.path.dirname(input.ledger)),
    shell:
        "genocohort report --folder {params.folder} --study {params.study:q}"
        " --software {params.software:q} --settings {params.settings:q}"
        " --genome {params.genome:q} --output {output.html}"
        " --share-output {output.share} 2> {log}"
