from genocohort.steps.calls.compute import call_options, filter_options, mpileup_options

CALL_REGIONS = {name: study.call_regions(c) for name, c in CHROMOSOMES.items()}
CALL_REFERENCE = study.calling.reference_files() if study.calling else []


rule calls_region:
    input:
        alignments=study.calling.alignment_files() if study.calling else [],
        reference=CALL_REFERENCE,
        files="work/sheet/calls.alignments",
        groups="work/sheet/calls.groups",
        samples="work/sheet/calls.samples",
        ploidy="work/sheet/calls.ploidy",
    output:
        temp("work/calls/{chromosome}/{piece}.bcf"),
    log:
        "logs/calls_region/{chromosome}.{piece}.log",
    benchmark:
        "benchmarks/calls_region/{chromosome}.{piece}.tsv"
    wildcard_constraints:
        piece=r"\d+-\d+",
    container:
        image("calls")
    resources:
        # Reads of one region, one chromosome of the reference, and the index of every alignment.
        mem_mb=lambda wildcards, attempt: (1500 + 20 * len(ALIGNED)) * attempt,
    params:
        mpileup=mpileup_options(study.config.calls),
        call=call_options(),
        read=lambda wildcards: CALL_REGIONS[wildcards.chromosome][wildcards.piece].read,
        owned=lambda wildcards: CALL_REGIONS[wildcards.chromosome][wildcards.piece].owned,
    # No reference comes from the network; every alignment is open at once. bcftools ends well where
    # reads are damaged, without those behind: only htslib's words ([E::) tell.
    shell:
        "export REF_PATH=/nonexistent REF_CACHE=/nonexistent; ulimit -Sn $(ulimit -Hn);"
        " {{ bcftools mpileup {params.mpileup:q} --fasta-ref {input.reference[0]:q}"
        " --regions {params.read:q} --bam-list {input.files:q}"
        " --read-groups {input.groups:q} --output-type u"
        " | bcftools call {params.call:q} --samples-file {input.samples:q}"
        " --ploidy-file {input.ploidy:q} --output-type u"
        " | bcftools view --no-version --targets {params.owned:q} --output-type b"
        " --output {output:q}.part"
        " && [[ $(<{log:q}) != *'[E::'* ]]"
        " && mv {output:q}.part {output:q}; }} 2> {log:q}"
        " || {{ printf '%s\\n' 'genocohort calls: error [4]: bcftools failed'"
        " '  where:    its own words are in {log}' >> {log:q}; exit 4; }}"


rule calls:
    input:
        pieces=lambda wildcards: [
            f"work/calls/{wildcards.chromosome}/{piece}.bcf"
            for piece in CALL_REGIONS[wildcards.chromosome]
        ],
        reference=CALL_REFERENCE,
    output:
        calls=f"{FULL}/calls/{{chromosome}}.vcf.gz",
        index=f"{FULL}/calls/{{chromosome}}.vcf.gz.csi",
    log:
        "logs/calls/{chromosome}.log",
    benchmark:
        "benchmarks/calls/{chromosome}.tsv"
    container:
        image("calls")
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
    params:
        filter=filter_options(study.config.calls),
    # Indels are shifted to the left after the pieces are joined: they may cross a seam. The header
    # line with the reference's path is left out.
    shell:
        "{{ bcftools concat --no-version --output-type u {input.pieces:q}"
        " | bcftools norm --no-version --fasta-ref {input.reference[0]:q} --output-type u"
        " | bcftools filter {params.filter:q} --output-type v"
        " | {{ while IFS= read -r line; do [[ $line == '##reference='* ]] || printf '%s\\n' \"$line\";"
        " [[ $line != '#CHROM'* ]] || break; done; cat; }}"
        " | bcftools view --no-version --output-type z --output {output.calls:q}.part"
        " && bcftools index --csi --force --output {output.index:q}.part {output.calls:q}.part"
        " && [[ $(<{log:q}) != *'[E::'* ]]"
        " && mv {output.calls:q}.part {output.calls:q} && mv {output.index:q}.part {output.index:q};"
        " }} 2> {log:q}"
        " || {{ printf '%s\\n' 'genocohort calls: error [4]: bcftools failed'"
        " '  where:    its own words are in {log}' >> {log:q}; exit 4; }}"
