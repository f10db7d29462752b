"""`genocohort images`: build, verify, export and import the images that the steps run in."""

import argparse
from pathlib import Path
from typing import Any

from genocohort.commands.backends import CONTAINERS
from genocohort.commands.studies import WORKFLOW
from genocohort.images import build, bundle, engine, verify
from genocohort.images.packages import DEBIAN_MIRROR

ACTION_EXAMPLES = {
    "build": (
        "  genocohort images build                                   # for this machine's engine\n"
        "  genocohort images build --push registry.example.org/lab   # for clusters\n"
    ),
    "verify": "  genocohort images verify\n",
    "export": (
        "  genocohort images export bundle/             # for a site without a network\n"
        "  genocohort images export bundle/ --no-sif    # for one without Apptainer\n"
    ),
    "import": (
        "  genocohort images import bundle/ --engine podman\n"
        "  genocohort images import bundle/ --push registry.example.org/lab\n"
        "  genocohort images import bundle/ --sif-folder /shared/sif\n"
    ),
}
EXAMPLES = f"examples:\n{''.join(ACTION_EXAMPLES.values())}"


def _add_action(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    """The parser of one action, with its own examples."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"examples:\n{ACTION_EXAMPLES[name]}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "build what has changed and write containers/images.lock.yaml"
    one = _add_action(actions, "build", text)
    one.add_argument("--engine", choices=engine.ENGINES, help="default: the first that is here")
    one.add_argument("--push", metavar="REGISTRY", help="push to REGISTRY/genocohort/<image>")
    one.add_argument("--base-image", metavar="NAME@DIGEST", help="build on this image instead")
    one.add_argument(
        "--debian-mirror", default=DEBIAN_MIRROR, metavar="URL", help="default: %(default)s"
    )
    one.add_argument("--force", action="store_true", help="build unchanged images, too")
    text = "check the lock against the sources and against the registry or this machine's engine"
    one = _add_action(actions, "verify", text)
    one.add_argument("--engine", choices=engine.ENGINES, help="default: the first that is here")
    text = "write all images, as OCI archives and SIF files, and their lock into a folder"
    one = _add_action(actions, "export", text)
    one.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    one.add_argument("--engine", choices=engine.ENGINES, help="default: the first that is here")
    one.add_argument("--no-sif", action="store_true", help="leave the SIF files for HPC away")
    text = "check a bundle and load it, and write the lock that fits this site"
    one = _add_action(actions, "import", text)
    one.add_argument("folder", type=Path, metavar="FOLDER", help="what `export` has written")
    where = one.add_mutually_exclusive_group(required=True)
    where.add_argument("--engine", choices=("docker", "podman"), help="into this machine's engine")
    where.add_argument("--push", metavar="REGISTRY", help="to a registry of this site")
    where.add_argument("--sif-folder", type=Path, help="for Slurm: what --apptainer-prefix names")


def run(args: argparse.Namespace) -> int:
    """Do what was asked for."""
    action = {"build": _build, "verify": _verify, "export": _export, "import": _import}
    action[args.action](args)
    return 0


def _build(args: argparse.Namespace) -> None:
    options = build.BuildOptions(
        engine=engine.find_engine(args.engine),
        base=args.base_image,
        registry=args.push,
        mirror=args.debian_mirror,
        force=args.force,
    )
    build.build_images(CONTAINERS, WORKFLOW, options, _say)


def _verify(args: argparse.Namespace) -> None:
    verify.verify_images(CONTAINERS, WORKFLOW, args.engine, _say)


def _export(args: argparse.Namespace) -> None:
    bundle.export_images(CONTAINERS, WORKFLOW, args.folder, args.engine, not args.no_sif, _say)


def _import(args: argparse.Namespace) -> None:
    place = bundle.Place(args.engine, args.push, args.sif_folder)
    bundle.import_images(CONTAINERS, WORKFLOW, args.folder, place, _say)


def _say(line: str) -> None:
    print(line, flush=True)
