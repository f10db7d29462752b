"""Hypothesis strategies for VCF records of every shape that the specification allows."""

from hypothesis import strategies as st

SAMPLES = ("F1", "M1", "U1", "F2", "M2")
SEXES = {"F1": "female", "M1": "male", "U1": "unknown", "F2": "female", "M2": "male"}
_ALTS = ("A", "C", "G", "T", "AC", "GT", "ACG", "a", "N", "*", "<DEL>", "<*>", "<NON_REF>",
         "A[chr1:5[", "]chr1:9]C", "T.", ".G")  # fmt: skip


@st.composite
def genotypes(draw: st.DrawFn, n_alts: int) -> str:
    allele = st.sampled_from([".", *map(str, range(n_alts + 1))])
    parts = draw(st.lists(allele, min_size=1, max_size=3))
    signs = draw(st.lists(st.sampled_from("/|"), min_size=len(parts), max_size=len(parts)))
    return "".join(s + p for s, p in zip(signs, parts, strict=True))[1:]


def allele_depths(n_alts: int) -> st.SearchStrategy[str]:
    """FORMAT/AD: mostly a whole number for each allele."""
    number = st.sampled_from(["0", "3", "17", "250"])
    fits = st.lists(number, min_size=n_alts + 1, max_size=n_alts + 1).map(",".join)
    odd = st.sampled_from([".", "", "3", "3,x", "3,4,.", ".,4", "3,16777217", "-1,4", "3,4,5"])
    return st.one_of(fits, fits, fits, odd)


@st.composite
def records(draw: st.DrawFn, contig: str, position: int) -> str:
    """One record line with fields separated by blanks."""
    ref = draw(st.sampled_from(["A", "C", "G", "T", "AC", "GT", "ACG", "t"]))
    alts = draw(st.lists(st.sampled_from(_ALTS), max_size=12, unique=True))
    keys = draw(
        st.sampled_from(["GT", "GT", "GT:DP", "GT:DP:GQ", "DP:GT", "DP", ".", "GT:AD:DP", "AD:GT"])
    )
    common = draw(st.booleans())
    cells = []
    for _ in SAMPLES:
        values = {
            "GT": draw(st.sampled_from(["0/0", "0/1" if alts else "0/0", "./.", "0|0"]))
            if common
            else draw(genotypes(len(alts))),
            "DP": draw(st.sampled_from([".", "0", "7", "31", "600"])),
            "AD": draw(allele_depths(len(alts))),
            "GQ": draw(st.sampled_from([".", "20", "99"])),
            ".": ".",
        }
        cell = [values[key] for key in keys.split(":")]
        keep = draw(st.integers(1, len(cell))) if keys.startswith("GT") else len(cell)
        cells.append(":".join(cell[:keep]))
    identifier = draw(st.sampled_from([".", "rs1", "rs2", f"v{position}"]))
    quality = draw(st.sampled_from([".", "10", "99.5"]))
    filtered = draw(st.sampled_from(["PASS", ".", "LowQual"]))
    fields = [contig, str(position), identifier, ref, ",".join(alts) or ".", quality, filtered, "."]
    return " ".join([*fields, keys, *cells])


@st.composite
def contigs_of_records(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A contig's name and its record lines, sorted; on X inside and outside PAR1 of GRCh38."""
    contig = draw(st.sampled_from(["chr1", "chrX", "chrY", "chrM"]))
    steps = draw(st.lists(st.sampled_from([0, 1, 5, 400]), max_size=6))
    base = 16_000 if contig == "chrM" else 2_780_900
    lines, position = [], base if contig in ("chrX", "chrY") else 100
    for step in steps:
        position += step
        lines.append(draw(records(contig, position)))
    return contig, lines
