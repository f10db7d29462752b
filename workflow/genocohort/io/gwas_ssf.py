"""Write GWAS-SSF v1.0: the GWAS Catalog's summary statistics and their metadata."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pysam
import yaml

from genocohort.domain.genome import PRIMARY
from genocohort.io.atomic import replacing, write_text

VERSION = "GWAS-SSF v1.0"
MISSING = "#NA"

# chr1 ... chr22, X = 23, Y = 24, MT = 25.
CHROMOSOME_CODES = {name: number for number, name in enumerate(PRIMARY, 1)}

# 10 ** -x has full precision only above the smallest normal number.
_LARGEST_NEG_LOG10 = 307.6
_ROWS = 65_536
_RSID = r"^rs[0-9]+$"
_BASES = r"^[ACGTacgt]+$"


def ssf_table(results: pa.Table) -> tuple[pa.Table, int]:
    """Results of one phenotype in the columns and the order of GWAS-SSF.

    Parameters
    ----------
    results : pyarrow.Table
        Columns of association_summary/gwas; sorted by chromosome and position.

    Returns
    -------
    table : pyarrow.Table
        All columns are text; P is given as -log10 where one is too small for a number.
    n_left_out : int
        Rows that the format cannot hold: no estimate, other contigs, alleles that are no bases.

    References
    ----------
    Hayhurst J. et al., GWAS-SSF v1.0 (EBISPOT/gwas-summary-statistics-standard).
    """
    names = results["chromosome"].cast(pa.string())
    codes = pc.index_in(names, pa.array(PRIMARY))
    fits = pc.and_(pc.is_valid(codes), pc.is_valid(results["beta"]))
    for column in ("effect_allele", "other_allele"):
        fits = pc.and_(fits, pc.match_substring_regex(results[column], _BASES))
    for column in ("standard_error", "neg_log10_p", "effect_allele_frequency"):
        fits = pc.and_(fits, pc.is_valid(results[column]))
    kept = results.filter(fits)
    numbers = pc.add(codes.filter(fits), 1)
    chosen = _p_column(kept["neg_log10_p"].to_numpy())
    position = kept["vcf_pos"].cast(pa.string())
    other, effect = kept["other_allele"], kept["effect_allele"]
    chromosome = _chromosome_text(numbers)
    ids = kept["variant_id"]
    columns: dict[str, Any] = {
        "chromosome": numbers,
        "base_pair_location": kept["vcf_pos"],
        "effect_allele": effect,
        "other_allele": other,
        "beta": kept["beta"],
        "standard_error": kept["standard_error"],
        "effect_allele_frequency": kept["effect_allele_frequency"],
        **chosen,
        "variant_id": pc.binary_join_element_wise(chromosome, position, other, effect, "_"),
        "rsid": pc.if_else(pc.match_substring_regex(ids, _RSID), ids, pa.scalar(None, pa.string())),
        "ref_allele": pa.array(["OA"] * len(kept), pa.string()),
        "n": kept["n"],
    }
    text = {name: pc.fill_null(_text(values), MISSING) for name, values in columns.items()}
    return pa.table(text), len(results) - len(kept)


def _chromosome_text(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """1 ... 22, X, Y, MT: as the format's variant_id has them."""
    words = pa.array([*(str(i) for i in range(1, 23)), "X", "Y", "MT"])
    return pc.take(words, pc.subtract(numbers, 1))


def _p_column(neg_log10: Any) -> dict[str, Any]:
    if len(neg_log10) and float(np.max(neg_log10)) > _LARGEST_NEG_LOG10:
        return {"neg_log_10_p_value": pa.array(neg_log10)}
    return {"p_value": pa.array(np.power(10.0, -neg_log10))}


def _text(values: Any) -> Any:
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def write_ssf(path: Path, table: pa.Table) -> str:
    """Write the table as bgzipped TSV, atomically; the MD5 of the file comes back."""
    with replacing(path) as temporary:
        with pysam.BGZFile(str(temporary), "wb") as stream:
            stream.write(("\t".join(table.column_names) + "\n").encode())
            for batch in table.to_batches(max_chunksize=_ROWS):
                joined = pc.binary_join_element_wise(*batch.columns, "\t")
                stream.write(("\n".join(joined.to_pylist()) + "\n").encode())
        digest = hashlib.md5(temporary.read_bytes(), usedforsecurity=False).hexdigest()
    return digest


def write_ssf_metadata(path: Path, data_file: Path, md5: str, fields: Mapping[str, Any]) -> None:
    """Write the metadata that goes with a data file.

    Parameters
    ----------
    path : Path
        `<data file>-meta.yaml`.
    data_file : Path
        The TSV; only its name is written.
    md5 : str
        Of the TSV.
    fields : mapping
        Further fields of the standard; those that are None are left out.
    """
    if not re.fullmatch(r"[0-9a-f]{32}", md5):
        raise ValueError(f"not an MD5: {md5}")
    content = {
        "data_file_name": data_file.name,
        "data_file_md5sum": md5,
        "file_type": VERSION,
        "coordinate_system": "1-based",
        "is_harmonised": False,
        "is_sorted": True,
        **{name: value for name, value in fields.items() if value is not None},
    }
    write_text(path, yaml.safe_dump(content, sort_keys=True, allow_unicode=True))
