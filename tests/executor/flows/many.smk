# One job that reads more files than a list in a variable could name, and writes a folder.
import json

IMAGES = json.load(open("images.json"))
NAMES = json.load(open("names.json"))


rule gather:
    input:
        expand("in/{name}", name=NAMES),
    output:
        "results/gathered.tsv",
        directory("results/parts"),
    container:
        IMAGES["a"]
    resources:
        mem_mb=200,
    shell:
        "cat {input} > {output[0]}; mkdir -p {output[1]}/a/b; cp {output[0]} {output[1]}/a/b/all"
