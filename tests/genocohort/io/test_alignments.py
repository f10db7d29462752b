"""Damaged files, wrong references and stale indexes are named, never read around."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pysam
import pytest

from genocohort.errors import InputDataError
from genocohort.io import alignment_reference, alignments
from genocohort.io.alignments import (
    check_index_counts,
    inspect_alignment,
    read_all,
    read_contig,
    read_index_counts,
)
from genocohort.io.bgzf import EOF_BLOCK
from tiny.alignments import Read, pair, random_reads, write_alignment

CONTIGS = {"chr1": 3000, "chr2": 1500, "chrEmpty": 200}


@pytest.fixture
def bam(tmp_path: Path) -> Path:
    reads = random_reads(1, 400, list(CONTIGS.values()))
    return write_alignment(tmp_path / "in.bam", reads, CONTIGS)


def bgzf_blocks(raw: bytes) -> list[int]:
    """Where the blocks of a BGZF file begin."""
    starts, position = [], 0
    while position < len(raw):
        starts.append(position)
        position += int.from_bytes(raw[position + 16 : position + 18], "little") + 1
    return starts


def failure(path: Path, reference: Path | None = None) -> str:
    """The message of the error that reading the file to its end raises."""
    with pytest.raises(InputDataError) as caught:
        for _ in read_all(inspect_alignment(path, reference)):
            pass
    return caught.value.message()


def test_a_whole_file_is_read_alike_by_both_ways(bam: Path) -> None:
    alignment = inspect_alignment(bam)
    assert (alignment.kind, alignment.contigs) == ("bam", tuple(CONTIGS))
    assert alignment.lengths == tuple(CONTIGS.values())
    assert alignment.notices == ()
    streamed = [name for batch in read_all(alignment) for name in batch.name]
    by_contig = [n for c in (0, 1, 2, -1) for b in read_contig(alignment, c) for n in b.name]
    assert streamed == by_contig
    assert len(streamed) == int(pysam.view("-c", str(bam)))


def test_arrays_hold_what_pysam_says(bam: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignments, "BATCH_RECORDS", 37)
    batches = list(read_all(inspect_alignment(bam)))
    assert {len(b) for b in batches[:-1]} == {37}
    records = iter(pysam.AlignmentFile(str(bam)).fetch(until_eof=True))
    for batch in batches:
        bases = np.concatenate([[0], np.cumsum(batch.n_bases)])
        for i in range(len(batch)):
            record = next(records)
            assert batch.flag[i] == record.flag
            assert batch.start[i] == record.reference_start
            first, last = batch.operation_offset[i], batch.operation_offset[i + 1]
            cigar = list(
                zip(
                    batch.operation[first:last].tolist(),
                    batch.operation_length[first:last].tolist(),
                    strict=True,
                )
            )
            assert cigar == (record.cigartuples or [])
            if not record.flag & 0x900:
                text = batch.sequence[bases[i] : bases[i + 1]].tobytes().decode()
                assert text == (record.query_sequence or "")
            expected = record.get_tag("NM") if record.has_tag("NM") else -1
            assert batch.edit_distance[i] == expected


def test_missing_qualities_and_sequences_have_no_entries(tmp_path: Path) -> None:
    reads = [Read("a", start=1, qualities=None), Read("b", start=2, bases=""), Read("c", start=3)]
    (batch,) = read_all(inspect_alignment(write_alignment(tmp_path / "a.bam", reads, CONTIGS)))
    assert batch.n_qualities.tolist() == [0, 0, 10]
    assert batch.n_bases.tolist() == [10, 0, 10]
    assert batch.quality.tolist() == [40] * 10


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"@HD\tVN:1.6\n", "neither a BAM nor a CRAM"),
        (gzip.compress(b"x" * 100, mtime=0), "plain gzip"),
        (EOF_BLOCK, "header is damaged"),
    ],
)
def test_what_is_no_alignment_file(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "in.bam"
    path.write_bytes(content)
    assert words in failure(path)


def test_a_missing_file(tmp_path: Path) -> None:
    assert "cannot read" in failure(tmp_path / "absent.bam")


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_cut_file_has_no_end(bam: Path, keep: float) -> None:
    raw = bam.read_bytes()
    bam.write_bytes(raw[: int(len(raw) * keep)])
    assert "truncated" in failure(bam)


def test_a_cut_at_the_edge_of_a_block_has_no_end(bam: Path) -> None:
    raw = bam.read_bytes()
    bam.write_bytes(raw[: bgzf_blocks(raw)[-2]])
    assert "end-of-file marker is missing" in failure(bam)


def count_by_index(path: Path) -> None:
    """Read every contig by the index and compare with what the index says."""
    alignment = inspect_alignment(path)
    expected = read_index_counts(alignment)
    assert expected is not None
    found = []
    for contig in (*range(len(alignment.contigs)), -1):
        unmapped = [int(x) for b in read_contig(alignment, contig) for x in b.flag & 4]
        found.append((unmapped.count(0), unmapped.count(4)))
    check_index_counts(alignment, expected, found)


def test_a_block_taken_out_is_found(tmp_path: Path) -> None:
    # The end marker is there, the blocks before it are not.
    contigs = {"chr1": 20_000, "chr2": 9000, "e": 10}
    reads = random_reads(2, 1500, list(contigs.values()))
    path = write_alignment(tmp_path / "in.bam", reads, contigs)
    count_by_index(path)
    raw = path.read_bytes()
    starts = bgzf_blocks(raw)
    assert len(starts) > 4
    path.write_bytes(raw[: starts[-3]] + EOF_BLOCK)
    os.utime(path, (1, 1))
    with pytest.raises(InputDataError, match="truncated"):
        count_by_index(path)


@pytest.mark.parametrize("where", [0.3, 0.6])
def test_a_flipped_bit_is_found(tmp_path: Path, where: float) -> None:
    reads = random_reads(3, 800, list(CONTIGS.values()))
    path = write_alignment(tmp_path / "in.bam", reads, CONTIGS, index=False)
    raw = bytearray(path.read_bytes())
    raw[int(len(raw) * where)] ^= 0x10
    path.write_bytes(raw)
    assert "truncated or corrupt" in failure(path)


def test_a_tag_that_is_no_number(tmp_path: Path) -> None:
    reads = [Read("a", start=5, tags={"NM": "many"})]
    path = write_alignment(tmp_path / "in.bam", reads, CONTIGS)
    assert "a record cannot be read" in failure(path)


def test_a_header_without_contigs(tmp_path: Path) -> None:
    path = write_alignment(tmp_path / "in.bam", [], {}, index=False)
    assert "no @SQ" in failure(path)


def test_records_out_of_order(tmp_path: Path) -> None:
    reads = [Read("a", start=50), Read("b", start=20)]
    path = write_alignment(tmp_path / "in.bam", reads, CONTIGS, is_sorted=False, index=False)
    message = failure(path)
    assert "not sorted" in message
    assert "record 2 (chr1:21)" in message
    reads = [Read("a", -1 & 0x4, contig=-1, start=-1, cigar=""), Read("b", start=20)]
    path = write_alignment(tmp_path / "b.bam", reads, CONTIGS, is_sorted=False, index=False)
    assert "not sorted" in failure(path)


def test_order_is_checked_across_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignments, "BATCH_RECORDS", 1)
    reads = [Read("a", contig=1, start=5), Read("b", contig=0, start=20)]
    path = write_alignment(tmp_path / "in.bam", reads, CONTIGS, is_sorted=False, index=False)
    assert "record 2" in failure(path)


def test_an_old_index_is_not_used(bam: Path) -> None:
    index = Path(f"{bam}.bai")
    os.utime(index, (1, 1))
    alignment = inspect_alignment(bam)
    assert alignment.index is None
    assert "older than its file" in alignment.notices[0]
    index.unlink()
    alignment = inspect_alignment(bam)
    assert "no index" in alignment.notices[0]
    assert sorted(p.name for p in bam.parent.iterdir()) == ["in.bam"]


@pytest.mark.parametrize("name", ["in.bam.csi", "in.csi", "in.bai"])
def test_every_name_of_an_index_is_known(bam: Path, name: str) -> None:
    Path(f"{bam}.bai").unlink()
    option = ["-c"] if name.endswith("csi") else []
    pysam.index(*option, str(bam), str(bam.parent / name))
    alignment = inspect_alignment(bam)
    assert alignment.index is not None
    assert alignment.index.name == name
    assert read_index_counts(alignment) is not None
    assert sum(len(b) for b in read_contig(alignment, 0)) > 0


def test_an_index_of_another_file_is_found(bam: Path, tmp_path: Path) -> None:
    reads = random_reads(9, 300, list(CONTIGS.values()))
    other = write_alignment(tmp_path / "other.bam", reads, CONTIGS)
    Path(f"{bam}.bai").write_bytes(Path(f"{other}.bai").read_bytes())
    with pytest.raises(InputDataError, match=r"disagree|truncated or corrupt|not sorted"):
        count_by_index(bam)


@pytest.mark.parametrize(
    "content", [b"BAI\1junk", b"BAI\1", b"?", b"", gzip.compress(b"CSI\1", mtime=0)]
)
def test_a_damaged_index_is_named(bam: Path, content: bytes) -> None:
    Path(f"{bam}.bai").write_bytes(content)
    with pytest.raises(InputDataError, match="the index"):
        inspect_alignment(bam)
    os.utime(f"{bam}.bai", (1, 1))
    assert sum(len(b) for b in read_all(inspect_alignment(bam))) > 400


def test_an_index_with_other_contigs(bam: Path, tmp_path: Path) -> None:
    other = write_alignment(tmp_path / "other.bam", [], {"chr1": 3000})
    Path(f"{bam}.bai").write_bytes(Path(f"{other}.bai").read_bytes())
    with pytest.raises(InputDataError, match="has 1 contigs, the header 3"):
        inspect_alignment(bam)


def write_reference(path: Path, sequences: dict[str, str]) -> Path:
    path.write_text("".join(f">{name}\n{text}\n" for name, text in sequences.items()))
    pysam.faidx(str(path))
    return path


@pytest.fixture
def cram(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    sequences = {"chr1": "acgtACGTTG" * 30, "chr2": "GGCATTACCA" * 20}
    reference = write_reference(tmp_path / "ref.fa", sequences)
    reads = [
        read
        for i in range(20)
        for read in pair(f"p{i}", 5 * i, 5 * i + 40, bases=None)  # type: ignore[arg-type]
    ]
    for read in reads:
        read.bases = sequences["chr1"][read.start : read.start + 50].upper()
    sums = {n: hashlib.md5(s.upper().encode()).hexdigest() for n, s in sequences.items()}
    path = write_alignment(
        tmp_path / "in.cram",
        reads,
        {n: len(s) for n, s in sequences.items()},
        reference=reference,
        checksums=sums,
    )
    return path, sequences


def test_a_cram_with_its_reference(cram: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    path, sequences = cram
    alignment = inspect_alignment(path, tmp_path / "ref.fa")
    assert alignment.kind == "cram"
    (batch,) = read_all(alignment)
    assert len(batch) == 40
    assert batch.sequence[:50].tobytes().decode() == sequences["chr1"][:50].upper()
    (indexed,) = read_contig(alignment, 0)
    assert indexed.name == batch.name
    assert not list(read_contig(alignment, -1))
    assert read_index_counts(alignment) is None
    Path(f"{path}.crai").write_bytes(b"junk")
    with pytest.raises(InputDataError, match="the index is damaged"):
        inspect_alignment(path, tmp_path / "ref.fa")


def test_a_cram_with_another_reference(cram: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    path, sequences = cram
    changed = sequences | {"chr2": "T" + sequences["chr2"][1:]}
    message = failure(path, write_reference(tmp_path / "wrong.fa", changed))
    right = hashlib.md5(sequences["chr2"].upper().encode()).hexdigest()
    wrong = hashlib.md5(changed["chr2"].upper().encode()).hexdigest()
    assert "chr2" in message
    assert right in message
    assert wrong in message
    assert "chr1" not in message


def test_a_cram_without_what_it_needs(cram: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    path, sequences = cram
    assert "needs the reference" in failure(path)
    assert "does not exist" in failure(path, tmp_path / "absent.fa")
    lacking = write_reference(tmp_path / "short.fa", {"chr1": sequences["chr1"]})
    assert "chr2" in failure(path, lacking)
    Path(f"{lacking}.fai").unlink()
    assert "no index" in failure(path, lacking)
    assert not Path(f"{lacking}.fai").exists()


def test_a_cut_cram(cram: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    path, _ = cram
    path.write_bytes(path.read_bytes()[:-38])
    assert "truncated" in failure(path, tmp_path / "ref.fa")


def test_checksums_do_not_depend_on_the_pieces(
    cram: tuple[Path, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alignment_reference, "_FASTA_CHUNK", 7)
    assert inspect_alignment(cram[0], tmp_path / "ref.fa").notices == ()
