"""`genocohort images`: build, verify, export and import the images that the steps run in."""

import argparse
from pathlib import Path

from genocohort.commands.backends import CONTAINERS
from genocohort.commands.studies import WORKFLOW
from genocohort.images import build, bundle, engine, verify
from genocohort.images.packages import DEBIAN_MIRROR

EXAMPLES = (
    "examples:\n"
    "  genocohort images build                                   # for this machine's engine\n"
    "  genocohort images build --push registry.example.org/lab   # for clusters\n"
    "  genocohort images verify\n"
    "  genocohort images export bundle/                          # for a site without a network\n"
    "  genocohort images import bundle/ --sif-folder /shared/sif"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "build what has changed and write containers/images.lock.yaml"
    one = actions.add_parser("build", help=text, description=text)
    one.add_argument("--engine", choices=engine.ENGINES, help="default: the first that is here")
    one.add_argument("--push", metavar="REGISTRY", help="push to REGISTRY/genocohort/<image>")
    one.add_argument("--base-image", metavar="NAME@DIGEST", help="build on this image instead")
    one.add_argument("--debian-mirror", default=DEBIAN_MIRROR, metavar="URL")
    one.add_argument("--force", action="store_true", help="build unchanged images, too")
    text = "check the lock against the sources and against the registry or this machine's engine"
    one = actions.add_parser("verify", help=text, description=text)
    one.add_argument("--engine", choices=engine.ENGINES)
    text = "write all images, as OCI archives and SIF files, and their lock into a folder"
    one = actions.add_parser("export", help=text, description=text)
    one.add_argument("folder", type=Path)
    one.add_argument("--engine", choices=engine.ENGINES)
    one.add_argument("--no-sif", action="store_true", help="leave the SIF files for HPC away")
    text = "check a bundle and load it, and write the lock that fits this site"
    one = actions.add_parser("import", help=text, description=text)
    one.add_argument("folder", type=Path)
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
