"""Are the files of variant calls whole, and do they hold the sheet's samples?"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from genocohort.domain.genome import canonical_contig
from genocohort.domain.ledger import Dropped, Entry
from genocohort.domain.sheet import Sample
from genocohort.errors import InputDataError
from genocohort.io.bgzf import damage, has_eof_marker, is_bgzf, is_gzip
from genocohort.io.calls import CallsHeader
from genocohort.steps.preflight.outcome import Outcome
from genocohort.steps.preflight.settings import PreflightSettings

MEGABYTE = 1 << 20


def check_calls_file(header: CallsHeader, settings: PreflightSettings, outcome: Outcome) -> None:
    """Integrity, index and sample names of one file of calls."""
    path = header.path
    outcome.n_checks += 3
    repeated = sorted({s for s in header.samples if header.samples.count(s) > 1})
    if repeated:
        outcome.add(
            InputDataError(
                "a sample name appears twice in the header",
                where=str(path),
                offenders=repeated,
                remedy="rename with `bcftools reheader --samples`",
            )
        )
    if header.format in ("vcf", "bcf") and is_gzip(path):
        _check_compressed(path, settings, outcome)
    index = [i for i in (Path(f"{path}.csi"), Path(f"{path}.tbi")) if i.exists()]
    if index and index[0].stat().st_mtime < path.stat().st_mtime:
        outcome.notices.append(f"{index[0]} is older than its file: it is not used")


def _check_compressed(path: Path, settings: PreflightSettings, outcome: Outcome) -> None:
    problem = None
    if path.stat().st_size <= settings.full_read_mb * MEGABYTE:
        problem = damage(path)
    if not problem and is_bgzf(path) and not has_eof_marker(path):
        problem = "the end-of-file block is missing: the file is cut off"
    if problem:
        outcome.add(InputDataError(problem, where=str(path), remedy="copy or make the file again"))
    elif not is_bgzf(path):
        outcome.notices.append(
            f"{path} is compressed with gzip, not bgzip: it is read from start to end for each "
            f"chromosome (`gunzip -c {path.name} | bgzip` mends it)"
        )


def check_same_samples(headers: Sequence[CallsHeader], outcome: Outcome) -> None:
    """All files of calls hold the same samples (their order may differ)."""
    for header in headers[1:]:
        outcome.n_checks += 1
        difference = set(header.samples) ^ set(headers[0].samples)
        if difference:
            outcome.add(
                InputDataError(
                    "two files of calls hold different samples",
                    where=f"{headers[0].path} and {header.path}",
                    offenders=sorted(difference),
                    expected="the same samples in every file",
                )
            )


def check_sheet_against_calls(
    samples: Sequence[Sample],
    headers: Sequence[CallsHeader],
    sheet: str,
    settings: PreflightSettings,
    outcome: Outcome,
    *,
    calling: bool,
) -> None:
    """Every sample of the sheet has calls or an alignment; count the calls' samples not listed.

    `calling`: variants are called from the alignments, so that there are no calls yet.
    """
    outcome.n_checks += 2
    reason = "no alignment to call variants from" if calling else "neither calls nor an alignment"
    in_calls = set(headers[0].samples) if headers else set()
    without = [s.sample_id for s in samples if s.vcf_name not in in_calls and not s.alignment]
    if without and settings.missing_samples == "error":
        outcome.add(
            InputDataError(
                f"samples of the sheet have {reason}",
                where=sheet,
                offenders=without,
                expected=_names_hint(headers),
                remedy="correct sample_id or vcf_name, remove the rows, or set "
                "preflight.missing_samples to `loss`",
            )
        )
        without = []
    outcome.entries.append(
        Entry(
            step="preflight",
            scope="sheet",
            unit="sample",
            n_in=len(samples),
            n_kept=len(samples) - len(without),
            dropped=_dropped(reason, without, is_loss=True),
        )
    )
    if headers:
        _account_calls(samples, headers, sheet, outcome)


def _names_hint(headers: Sequence[CallsHeader]) -> str:
    if not headers:
        return "an alignment for every sample, since no calls are given"
    names = ", ".join(headers[0].samples[:5]) or "none"
    return f"names as in {headers[0].path}: {names} ..."


def _account_calls(
    samples: Sequence[Sample], headers: Sequence[CallsHeader], sheet: str, outcome: Outcome
) -> None:
    listed = {s.vcf_name for s in samples}
    names = headers[0].samples
    unlisted = [n for n in names if n not in listed]
    if names and len(unlisted) == len(names):
        outcome.add(
            InputDataError(
                "no sample of the calls is in the sample sheet",
                where=f"{headers[0].path} and {sheet}",
                offenders=unlisted,
                remedy="give the calls' names in the column vcf_name of the sheet",
            )
        )
    outcome.entries.append(
        Entry(
            step="preflight",
            scope="calls",
            unit="sample",
            n_in=len(names),
            n_kept=len(names) - len(unlisted),
            dropped=_dropped("not in the sample sheet", unlisted),
        )
    )


def account_contigs(
    held: Mapping[str, Iterable[str]],
    chromosomes: Sequence[str],
    absent: Sequence[str],
    outcome: Outcome,
) -> None:
    """Every chromosome asked for exists; count the contigs left out.

    `held`: names of contigs by file, of the calls or of the alignments they are made from.
    """
    outcome.n_checks += 1
    names = list(dict.fromkeys(name for contigs in held.values() for name in contigs))
    if absent:
        outcome.add(
            InputDataError(
                "chromosomes of the configuration are not in the calls",
                where=", ".join(held),
                offenders=list(absent),
                expected="names such as " + ", ".join(names[:5]),
            )
        )
    contigs = list(dict.fromkeys(canonical_contig(name) for name in names))
    left_out = [name for name in contigs if name not in set(chromosomes)]
    outcome.entries.append(
        Entry(
            step="preflight",
            scope="calls",
            unit="contig",
            n_in=len(contigs),
            n_kept=len(contigs) - len(left_out),
            dropped=_dropped("not among the chromosomes analysed", left_out),
        )
    )


def _dropped(reason: str, items: Sequence[str], *, is_loss: bool = False) -> tuple[Dropped, ...]:
    if not items:
        return ()
    examples = tuple(items[:5])
    return (Dropped(reason=reason, n=len(items), is_loss=is_loss, examples=examples),)
