# What Snakemake offers to rules, each in an image of its own, and paths that are hard to mount.
import hashlib
import json

IMAGES = json.load(open("images.json"))
MANY = range(300)
TRIES = "( (echo x >> {input[0]:q}) 2>/dev/null && echo writable || echo read-only)"


container: IMAGES["a"]


rule all:
    input:
        "odd folder/time 10:30 100%.txt",
        "linked.txt",
        "top.txt",
        "below/all.txt",
        "beside/all.txt",
        "flags/done",
        "ensured.txt",
        "protected.txt",
        "folder.txt",
        "flaky.txt",
        "local.txt",
        "long.txt",
        "user.txt",
        "end.txt",
        "first/link/x.txt",


rule odd:
    output:
        "odd folder/time 10:30 100%.txt",
    shell:
        "echo odd > {output:q}"


rule linked:  # the test makes links of files and folders, one leading to the next
    input:
        "link.tsv",
        "data/deep.tsv",
    output:
        "linked.txt",
    shell:
        "cat {input} > {output}; " + TRIES + " >> {output}"


rule linked_output:  # first/link points to a folder elsewhere in the working directory
    output:
        "first/link/x.txt",
    shell:
        "echo linked > {output}"


rule top:
    input:
        "input.tsv",
    output:
        "top.txt",
    priority: 50
    shell:
        TRIES + " > {output};"
        "((echo x > .snakemake/x) 2>/dev/null && echo writable || echo read-only) >> {output}"


rule part:
    output:
        temp("below/parts/1.txt"),
    shell:
        "echo part > {output}"


rule below:
    input:
        "below/parts/1.txt",
    output:
        "below/all.txt",
    shell:
        TRIES + " > {output}"


rule many:
    output:
        expand("beside/{i}.txt", i=MANY),
    shell:
        "for i in {{0..299}}; do echo $i > beside/$i.txt; done"


rule beside:
    input:
        expand("beside/{i}.txt", i=MANY),
    output:
        "beside/all.txt",
    shell:
        TRIES + " > {output}; cat {input} | wc -l >> {output}"


rule touched:
    output:
        touch("flags/done"),
    shell:
        "true"


rule ensured:
    output:
        ensure("ensured.txt", non_empty=True, sha256=hashlib.sha256(b"as ensured\n").hexdigest()),
    shell:
        "echo as ensured > {output}"


rule ensured_in_vain:
    output:
        ensure("empty.txt", non_empty=True),
    shell:
        "touch {output}"


rule protected:
    output:
        protected("protected.txt"),
    shell:
        "echo protected > {output}"


rule makes_folder:
    output:
        directory("made/folder"),
    shell:
        "mkdir {output}; echo 1 > {output}/1; echo 2 > {output}/2"


rule reads_folder:
    input:
        "made/folder",
    output:
        "folder.txt",
    shell:
        "cat {input}/* > {output}"


rule flaky:
    output:
        "flaky.txt",
    retries: 1
    resources:
        tries=lambda wildcards, attempt: attempt,
    shell:
        "echo {resources.tries} > {output}; [ {resources.tries} -gt 1 ]"


rule local:
    input:
        "flags/done",
    output:
        "local.txt",
    localrule: True
    run:
        with open(output[0], "w") as file:
            file.write("local\n")


rule long:
    output:
        "long.txt",
    params:
        text="x" * 400_000,
    shell:
        "text={params.text}; echo ${{#text}} > {output}"


rule user:
    output:
        "user.txt",
    shell:
        "python3 -c 'import getpass, os; print(getpass.getuser(), os.path.expanduser(\"~\"))'"
        " > {output}"


rule begin:
    output:
        temp("between.txt"),
    group:
        "both"
    shell:
        "echo between > {output}"


rule end:
    input:
        "between.txt",
    output:
        "end.txt",
    group:
        "both"
    container:
        IMAGES["b"]
    shell:
        "cat {input} /etc/step-name > {output}"


rule noise:
    output:
        "noise.txt",
    shell:
        r"printf '\377\000\033[31mred\n'; exit 4"


checkpoint later:
    output:
        "later.txt",
    shell:
        "echo > {output}"


rule after_checkpoint:
    input:
        lambda wildcards: checkpoints.later.get().output,
    output:
        "after.txt",
    shell:
        "cp {input} {output}"
