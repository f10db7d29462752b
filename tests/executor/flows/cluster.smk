# What only a cluster does to jobs.
import json

IMAGES = json.load(open("images.json"))


rule fills:
    output:
        "fills.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=200,
        disk_mb=20,
    shell:
        "head -c 80000000 /dev/zero > $TMPDIR/zeros; sleep 300; echo > {output}"
