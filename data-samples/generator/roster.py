"""Who is in the cohort: samples, participants, families and the planted roles."""

from __future__ import annotations

from dataclasses import dataclass, field

from .layout import POPULATION_SIZES, SAMPLE_COUNT, stream

ID_OVERRIDES = {370: "7", 41: "0042", 112: "A-113"}
SITE_WEIGHTS = {"A": (0.6, 0.2, 0.2), "B": (0.2, 0.6, 0.2), "C": (0.2, 0.2, 0.6)}
MIXED_UNIT_COUNT = 12


@dataclass
class Member:
    """One sample and the participant it was taken from."""

    index: int
    sample_id: str
    participant_id: str
    population: str
    sex: str
    recorded_sex: str
    site: int
    batch: str


@dataclass(frozen=True)
class Family:
    """Two parents and their genetic children, by member index."""

    family_id: str
    father: int
    mother: int
    children: tuple[int, ...]


@dataclass
class Roster:
    """All members with the roles planted among them (values are member indices)."""

    members: list[Member]
    families: list[Family]
    duplicate: tuple[int, int]
    swapped_children: tuple[int, int]
    sex_swapped: tuple[int, ...]
    low_call: int
    alignments: dict[str, int] = field(default_factory=dict)
    mixed_units: tuple[int, ...] = ()

    @property
    def derived(self) -> set[int]:
        """Members whose genomes come from other members instead of the coalescent."""
        children = {child for family in self.families for child in family.children}
        return children | {self.duplicate[1]}

    def aligned(self) -> list[int]:
        """Return the members that have an alignment file."""
        return sorted(index for role, index in self.alignments.items() if role != "contaminant")

    @property
    def planted(self) -> set[int]:
        """Members with any role among relatives, swaps and alignments."""
        parents = {p for family in self.families for p in (family.father, family.mother)}
        return (
            self.derived
            | parents
            | {*self.duplicate, *self.sex_swapped, self.low_call}
            | set(self.alignments.values())
        )

    def ids(self, *indices: int) -> list[str]:
        """Return the sample ids of members."""
        return [self.members[index].sample_id for index in indices]

    def participant_ids(self, *indices: int) -> list[str]:
        """Return the participant ids of members."""
        return [self.members[index].participant_id for index in indices]

    def pedigree(self) -> dict[int, tuple[str, int, int]]:
        """Return child -> (family, father, mother) as recorded, the two labels swapped."""
        first, second = self.swapped_children
        label = {first: second, second: first}
        return {
            label.get(child, child): (family.family_id, family.father, family.mother)
            for family in self.families
            for child in family.children
        }

    def family_of(self) -> dict[int, str]:
        """Return the recorded family of every parent and child."""
        families = {child: row[0] for child, row in self.pedigree().items()}
        for family in self.families:
            families[family.father] = families[family.mother] = family.family_id
        return families


def _make_members() -> list[Member]:
    rng = stream("roster")
    populations = [name for name, size in POPULATION_SIZES.items() for _ in range(size)]
    rng.shuffle(populations)
    numbers = rng.permutation(SAMPLE_COUNT) + 1
    members = []
    for index, population in enumerate(populations):
        sex = "XY" if rng.random() < 0.5 else "XX"
        members.append(
            Member(
                index=index,
                sample_id=ID_OVERRIDES.get(index, f"S{index + 1:03d}"),
                participant_id=f"P{numbers[index]:04d}",
                population=population,
                sex=sex,
                recorded_sex=sex,
                site=int(rng.choice([1, 2, 3], p=SITE_WEIGHTS[population])),
                batch="B1" if rng.random() < 0.5 else "B2",
            )
        )
    return members


def make_roster() -> Roster:
    """Draw the members and give out the planted roles."""
    members = _make_members()
    special = {6, *ID_OVERRIDES}
    free = {
        name: [m.index for m in members if m.population == name and m.index not in special]
        for name in POPULATION_SIZES
    }
    take = {name: iter(indices).__next__ for name, indices in free.items()}
    families = [
        Family("FAM1", take["A"](), take["A"](), (take["A"](), take["A"]())),
        Family("FAM2", take["B"](), take["B"](), (take["B"](),)),
        Family("FAM3", take["B"](), take["B"](), (take["B"](),)),
    ]
    roster = Roster(
        members=members,
        families=families,
        duplicate=(take["C"](), take["C"]()),
        swapped_children=(families[1].children[0], families[2].children[0]),
        sex_swapped=(take["A"](), take["C"]()),
        low_call=take["C"](),
    )
    roster.alignments = {
        "first": 6,
        "second": 370,
        "exchanged_1": take["B"](),
        "exchanged_2": take["B"](),
        "contaminated": take["B"](),
        "sex_swapped": roster.sex_swapped[0],
        "contaminant": take["B"](),
    }
    _fix_sexes(roster)
    _fix_sites(roster)
    return roster


def _fix_sexes(roster: Roster) -> None:
    """Set the genetic and recorded sex that the roles need."""
    sexes = {roster.sex_swapped[0]: "XY", roster.sex_swapped[1]: "XX"}
    for family in roster.families:
        sexes |= {family.father: "XY", family.mother: "XX"}
        sexes |= dict(zip(family.children, ("XY", "XX"), strict=False))
    roles = roster.alignments
    sexes |= {roles["first"]: "XY", roles["second"]: "XX", roles["contaminated"]: "XY"}
    sexes |= {roles["exchanged_1"]: "XX", roles["exchanged_2"]: "XX"}
    sexes[roster.duplicate[1]] = roster.members[roster.duplicate[0]].sex
    for index, sex in sexes.items():
        roster.members[index].sex = roster.members[index].recorded_sex = sex
    for index in roster.sex_swapped:
        member = roster.members[index]
        member.recorded_sex = "XX" if member.sex == "XY" else "XY"


def _fix_sites(roster: Roster) -> None:
    """Keep families at one site and name the people of site 2 whose LDL unit is wrong."""
    members = roster.members
    for family in roster.families:
        for index in (family.mother, *family.children):
            members[index].site = members[family.father].site
    members[roster.duplicate[1]].site = members[roster.duplicate[0]].site
    planted = roster.planted
    eligible = [m.index for m in members if m.site == 2 and m.index not in planted]
    chosen = stream("mixed units").choice(eligible, size=MIXED_UNIT_COUNT, replace=False)
    roster.mixed_units = tuple(sorted(int(index) for index in chosen))
