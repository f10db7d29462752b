# Jobs that do nothing, one after another: what a backend costs.
import json

IMAGES = json.load(open("images.json"))


rule link:
    input:
        lambda wildcards: f"chain/{int(wildcards.i) - 1}.txt" if int(wildcards.i) else [],
    output:
        "chain/{i}.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "echo {wildcards.i} > {output}"
