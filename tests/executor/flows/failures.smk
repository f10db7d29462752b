# One rule for every way to fail, and for every way to recover.
import json

IMAGES = json.load(open("images.json"))


rule grows:  # needs about 250 MB: fails at 100 and 200, passes at 300
    output:
        "grows.txt",
    container:
        IMAGES["a"]
    retries: 2
    resources:
        mem_mb=lambda wildcards, attempt: 100 * attempt,
    shell:
        "python3 -c 'x = bytearray(220 * 1024 * 1024); print(len(x))' > {output}"


rule hides_oom:  # its script ends well although the kernel has killed a part of it
    output:
        "hides_oom.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "python3 -c 'x = bytearray(220 * 1024 * 1024)' || true; echo > {output}"


rule fails:
    output:
        "fails.txt",
    log:
        "logs/fails.log",
    container:
        IMAGES["b"]
    resources:
        mem_mb=100,
    shell:
        "echo 'kept in the log' > {log}; echo 'no such chromosome: chrZ' >&2; exit 3"


rule unset:
    output:
        "unset.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "echo $NO_SUCH_VARIABLE; echo > {output}"


rule pipefail:
    output:
        "pipefail.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "false | cat > {output}"


rule forgets:
    output:
        "forgets.txt",
    container:
        IMAGES["b"]
    resources:
        mem_mb=100,
    shell:
        "true"


rule writes_elsewhere:
    output:
        "here/x.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "mkdir -p there; echo > {output}"


rule first:
    output:
        "first.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "echo 1 > {output}"


rule second:
    input:
        "first.txt",
    output:
        "second.txt",
    container:
        IMAGES["b"]
    resources:
        mem_mb=100,
    shell:
        "cat {input} $(ls /etc/step-name || true) > {output}"


rule bad_image:
    output:
        "bad_image.txt",
    container:
        IMAGES["a"].split("@")[0] + "@sha256:" + "0" * 64
    resources:
        mem_mb=100,
    shell:
        "echo > {output}"


rule huge:
    output:
        "huge.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=1_000_000,
    shell:
        "echo > {output}"


rule deadline:
    output:
        "deadline.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
        runtime=1,
    shell:
        "sleep 300; echo > {output}"


rule slow:
    output:
        "slow/{i}.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    shell:
        "touch {output}.started; sleep {config[seconds]}; echo {wildcards.i} > {output}"


rule short:
    output:
        "short/{i}.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=50,
    shell:
        "echo {wildcards.i} > {output}"


rule group_fails_1:
    output:
        "group/1.txt",
    container:
        IMAGES["a"]
    resources:
        mem_mb=100,
    group:
        "fails"
    shell:
        "echo first > {output}"


rule group_fails_2:
    input:
        "group/1.txt",
    output:
        "group/2.txt",
    container:
        IMAGES["b"]
    resources:
        mem_mb=100,
    group:
        "fails"
    shell:
        "echo second member was here; exit 5"
