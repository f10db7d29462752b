CALLED = bool(CHROMOSOMES)
SUMMARIES = {
    "alignment_summary": bool(ALIGNED),
    "variant_summary": CALLED,
    "kinship": bool(GENOTYPED),
    "sample_qc": bool(ALIGNED or GENOTYPED),
    "structure": bool(GENOTYPED),
    "clinical": study.column_map is not None,
    "outcomes": study.column_map is not None,
    "association_summary": bool(
        GENOTYPED and study.column_map and study.config.association.phenotype_names()
    ),
}
LEDGERS = [f"{FULL}/{step}/ledger.json" for step in ("preflight", *(s for s, on in SUMMARIES.items() if on))]
LEDGERS += expand(f"{FULL}/alignments/{{sample}}.ledger.json", sample=ALIGNED)
LEDGERS += expand(f"{FULL}/variants/{{chromosome}}.ledger.json", chromosome=CHROMOSOMES)
if GENOTYPED:
    LEDGERS += expand(f"{FULL}/genotypes/{{chromosome}}.ledger.json", chromosome=CHROMOSOMES)
if SUMMARIES["association_summary"]:
    LEDGERS += expand(f"{FULL}/association/{{chromosome}}.ledger.json", chromosome=CHROMOSOMES)


rule accounts:
    input:
        ledgers=LEDGERS,
    output:
        ledger=f"{FULL}/accounts/ledger.parquet",
        accounts=f"{FULL}/accounts/accounts.json",
    log:
        "logs/accounts.log",
    benchmark:
        "benchmarks/accounts.tsv"
    params:
        settings=settings("accounts"),
        folder=FULL,
    container:
        image("accounts")
    shell:
        "genocohort accounts --folder {params.folder} --settings {params.settings:q}"
        " --ledger {output.ledger} --accounts {output.accounts} 2> {log}"
