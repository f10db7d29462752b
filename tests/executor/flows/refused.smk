# Rules that cannot run in an image of their own.
import json

IMAGES = json.load(open("images.json"))
PINNED = IMAGES["a"]


rule ok:
    output:
        "ok.txt",
    container:
        PINNED
    shell:
        "echo > {output}"


rule no_container:
    output:
        "no_container.txt",
    shell:
        "echo > {output}"


rule tag:
    output:
        "tag.txt",
    container:
        PINNED.split("@")[0] + ":1.0"
    shell:
        "echo > {output}"


rule run_block:
    output:
        "run_block.txt",
    container:
        PINNED
    run:
        open(output[0], "w").close()


rule shadowed:
    output:
        "shadowed.txt",
    container:
        PINNED
    shadow:
        "minimal"
    shell:
        "echo > {output}"


rule repeated:
    output:
        "repeated.txt",
    benchmark:
        repeat("repeated.tsv", 3)
    container:
        PINNED
    shell:
        "echo > {output}"


rule writes_pipe:
    output:
        pipe("pipe.fifo"),
    container:
        PINNED
    shell:
        "echo > {output}"


rule piped:
    input:
        "pipe.fifo",
    output:
        "piped.txt",
    container:
        PINNED
    shell:
        "cat {input} > {output}"


rule served:
    output:
        service("served.socket"),
    container:
        PINNED
    shell:
        "echo > {output}"


rule uses_service:
    input:
        "served.socket",
    output:
        "uses_service.txt",
    container:
        PINNED
    shell:
        "echo > {output}"
