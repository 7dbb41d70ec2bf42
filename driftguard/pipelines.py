"""What CI services say of a run in their variables: which branch is built, and which one it is going into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

EVENT = "event."
"""What the name of a value begins with that is in GitHub's event file, and no variable."""

EVENT_FILE = "GITHUB_EVENT_PATH"
HEADS = "refs/heads/"


class Service(NamedTuple):
    """One CI service.

    ``mark`` is a variable and its value ("" for any) by which it is known. ``target`` (the branch that a pull request
    goes into), ``branch`` (the one that is built) and ``default`` are variables, of which the first that is set counts.
    ``outputs`` are formats and files ("" for the log) that it understands, ``whole`` says how its clones get the whole
    history. ``obeys`` are texts with which its runner begins commands, wherever in a line they stand.
    """

    name: str
    mark: tuple[str, str]
    target: tuple[str, ...]
    branch: tuple[str, ...]
    default: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str], ...] = (("text", ""),)
    whole: str = ""
    obeys: tuple[str, ...] = ()

    def harmless(self, text: str) -> str:
        """A log's text in which its runner finds no command but those that a line begins with (``::``)."""
        for mark in self.obeys:
            text = text.replace(mark, f"{mark[:-1]}\\{mark[-1]}")
        return text


JUNIT = (("text", ""), ("junit", "driftguard-junit.xml"))

SERVICES = (
    Service(
        "GitHub Actions",
        mark=("GITHUB_ACTIONS", "true"),
        target=("GITHUB_BASE_REF", "event.merge_group.base_ref"),
        branch=("GITHUB_REF",),
        default=("event.repository.default_branch",),
        outputs=(("github", ""),),
        whole="give actions/checkout `fetch-depth: 0`",
        obeys=("##[",),
    ),
    Service(
        "GitLab CI",
        mark=("GITLAB_CI", "true"),
        target=("CI_MERGE_REQUEST_TARGET_BRANCH_NAME",),
        branch=("CI_COMMIT_BRANCH",),
        default=("CI_DEFAULT_BRANCH",),
        outputs=(("text", ""), ("gitlab", "gl-code-quality-report.json")),
        whole='give the job the variable `GIT_DEPTH: "0"`',
    ),
    Service(
        "Bitbucket Pipelines",
        mark=("BITBUCKET_BUILD_NUMBER", ""),
        target=("BITBUCKET_PR_DESTINATION_BRANCH",),
        branch=("BITBUCKET_BRANCH",),
        whole="give the step `clone: depth: full`",
    ),
    Service(
        "Azure Pipelines",
        mark=("TF_BUILD", "True"),
        target=("SYSTEM_PULLREQUEST_TARGETBRANCH",),
        branch=("BUILD_SOURCEBRANCH",),
        outputs=JUNIT,
        whole="give the step `checkout: self` a `fetchDepth: 0`",
        obeys=("##[", "##vso["),
    ),
    Service(
        "Jenkins",
        mark=("JENKINS_URL", ""),
        target=("CHANGE_TARGET",),
        branch=("BRANCH_NAME",),
        outputs=JUNIT,
        whole="switch the shallow clone off in the job's Git settings",
    ),
    Service("CircleCI", mark=("CIRCLECI", "true"), target=(), branch=("CIRCLE_BRANCH",)),
    Service(
        "Buildkite",
        mark=("BUILDKITE", "true"),
        target=("BUILDKITE_PULL_REQUEST_BASE_BRANCH",),
        branch=("BUILDKITE_BRANCH",),
        default=("BUILDKITE_PIPELINE_DEFAULT_BRANCH",),
    ),
    Service(
        "Woodpecker CI",
        mark=("CI", "woodpecker"),
        target=("CI_COMMIT_TARGET_BRANCH",),
        branch=("CI_COMMIT_BRANCH",),
        default=("CI_REPO_DEFAULT_BRANCH",),
        whole="give the clone step `settings: depth: 0` and `partial: false`",
    ),
)
NO_SERVICE = Service("no CI service", mark=("", ""), target=(), branch=())


class Pipeline(NamedTuple):
    """One run: ``target`` is the branch that it is going into, where it is about a pull request; "" for unknown names.

    The names come from whoever opened the pull request: nothing may take them for more than a name.
    """

    service: Service
    target: str = ""
    branch: str = ""
    default: str = ""

    @property
    def is_known(self) -> bool:
        """Whether a CI service runs this at all."""
        return self.service is not NO_SERVICE

    @property
    def about(self) -> str:
        """The run in a few words."""
        if self.target:
            return f"{self.service.name}, into {self.target}"
        return f"{self.service.name}, branch {self.branch}" if self.branch else self.service.name


def pipeline_of(environ: Mapping[str, str], event: Mapping[str, Any]) -> Pipeline:
    """What the variables say, and GitHub's ``event``, which may be empty."""
    for service in SERVICES:
        name, value = service.mark
        if (said := environ.get(name)) and value in ("", said):
            names = (service.target, service.branch, service.default)
            return Pipeline(service, *(_first(each, environ, event) for each in names))
    return Pipeline(NO_SERVICE)


def _first(names: tuple[str, ...], environ: Mapping[str, str], event: Mapping[str, Any]) -> str:
    values = (_of_event(name, event) if name.startswith(EVENT) else environ.get(name, "") for name in names)
    return next((value.removeprefix(HEADS) for value in values if value), "")


def _of_event(name: str, event: Mapping[str, Any]) -> str:
    value: Any = event
    for key in name.removeprefix(EVENT).split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""
