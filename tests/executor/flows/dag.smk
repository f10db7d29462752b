# Four rules, two images, all kinds of files: a group, a temporary file, a folder, a benchmark.
import json

IMAGES = json.load(open("images.json"))
PARTS = [f"part{i}" for i in range(1, 4)]
PROOF = r"""
proof() {{
  awk '/^(CapEff|NoNewPrivs|Seccomp):/ {{print "{rule}", $1, $2}}' /proc/self/status
  echo "{rule} image: $(cat /etc/step-name)"
  echo "{rule} root: $( (echo x > /probe) 2>/dev/null && echo writable || echo read-only)"
  echo "{rule} inputs: $( (echo x > input.tsv) 2>/dev/null && echo writable || echo read-only)"
  echo "{rule} interfaces: $(awk 'NR > 2 {{print $1}}' /proc/net/dev | grep -vc '^lo:' || true)"
  echo "{rule} scratch: $(touch $TMPDIR/x $HOME/y && echo ok)"
  echo "{rule} credentials: $(env | grep -ciE 'secret|access_key' || true)"
}}
"""


rule all:
    input:
        "results/report",


rule prepare:
    input:
        "input.tsv",
    output:
        "work/prepared.tsv",
    log:
        "logs/prepare.log",
    container:
        IMAGES["a"]
    resources:
        mem_mb=200,
    shell:
        "grep -v '^#' {input} > {output}; echo prepared > {log}"


rule scatter:
    input:
        "work/prepared.tsv",
    output:
        temp("work/parts/{part}.tsv"),
    log:
        "logs/scatter/{part}.log",
    benchmark:
        "benchmarks/scatter/{part}.tsv"
    container:
        IMAGES["b"]
    threads: 1
    resources:
        mem_mb=150,
    shell:
        "awk -v part={wildcards.part} '$1 == part' {input} > {output}; echo ok > {log}"


rule gather:
    input:
        expand("work/parts/{part}.tsv", part=PARTS),
    output:
        "results/gathered.tsv",
    container:
        IMAGES["a"]
    resources:
        mem_mb=200,
    group:
        "end"
    shell:
        "cat {input} > {output}; cat /etc/step-name >> {output}"


rule report:
    input:
        "results/gathered.tsv",
    output:
        folder=directory("results/report"),
        proof="results/proof.txt",
    container:
        IMAGES["b"]
    resources:
        mem_mb=200,
    group:
        "end"
    shell:
        PROOF + "mkdir -p {output.folder}; cat {input} /etc/step-name > {output.folder}/index.txt;"
        " id -u > {output.proof}; proof >> {output.proof}"
