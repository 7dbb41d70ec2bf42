"""What the variables of CI services are taken for, on plain dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from driftguard.commands.ci import outputs_of
from driftguard.commands.reports import Output
from driftguard.formats import FORMATS
from driftguard.pipelines import NO_SERVICE, SERVICES, Pipeline, pipeline_of

GITHUB = {"GITHUB_ACTIONS": "true"}
GITLAB = {"GITLAB_CI": "true", "CI_DEFAULT_BRANCH": "trunk"}
BITBUCKET = {"BITBUCKET_BUILD_NUMBER": "7"}
AZURE = {"TF_BUILD": "True"}
JENKINS = {"JENKINS_URL": "https://ci.example.org/"}
CIRCLE = {"CIRCLECI": "true"}
BUILDKITE = {"BUILDKITE": "true", "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "trunk"}
WOODPECKER = {"CI": "woodpecker", "CI_REPO_DEFAULT_BRANCH": "trunk"}
EVENT = {"repository": {"default_branch": "trunk"}}


def said(environ: Mapping[str, str], event: Mapping[str, Any] = {}) -> tuple[str, str, str, str]:
    found = pipeline_of(environ, event)
    return found.service.name, found.target, found.branch, found.default


@pytest.mark.parametrize(
    ("environ", "event", "expected"),
    [
        pytest.param(
            {**GITHUB, "GITHUB_BASE_REF": "release", "GITHUB_REF": "refs/pull/7/merge"},
            EVENT,
            ("GitHub Actions", "release", "refs/pull/7/merge", "trunk"),
            id="GitHub: a pull request",
        ),
        pytest.param(
            {**GITHUB, "GITHUB_BASE_REF": "", "GITHUB_REF": "refs/heads/gh-readonly-queue/trunk/pr-7-3f2a"},
            {**EVENT, "merge_group": {"base_ref": "refs/heads/trunk"}},
            ("GitHub Actions", "trunk", "gh-readonly-queue/trunk/pr-7-3f2a", "trunk"),
            id="GitHub: a merge queue",
        ),
        pytest.param(
            {**GITHUB, "GITHUB_BASE_REF": "", "GITHUB_REF": "refs/heads/mine"},
            EVENT,
            ("GitHub Actions", "", "mine", "trunk"),
            id="GitHub: a push",
        ),
        pytest.param(
            {**GITHUB, "GITHUB_REF": "refs/heads/trunk"},
            EVENT,
            ("GitHub Actions", "", "trunk", "trunk"),
            id="GitHub: a push to the default branch",
        ),
        pytest.param(
            {**GITHUB, "GITHUB_REF": "refs/tags/trunk"},
            EVENT,
            ("GitHub Actions", "", "refs/tags/trunk", "trunk"),
            id="GitHub: a tag of that name is not the branch",
        ),
        pytest.param(
            GITHUB,
            {"repository": ["trunk"], "merge_group": {"base_ref": 7}},
            ("GitHub Actions", "", "", ""),
            id="GitHub: an event unlike all others",
        ),
        pytest.param(
            {**GITLAB, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "release"},
            {},
            ("GitLab CI", "release", "", "trunk"),
            id="GitLab: a merge request",
        ),
        pytest.param(
            {**GITLAB, "CI_COMMIT_BRANCH": "mine"}, {}, ("GitLab CI", "", "mine", "trunk"), id="GitLab: a branch"
        ),
        pytest.param(
            {**GITLAB, "CI_COMMIT_BRANCH": "trunk"}, {}, ("GitLab CI", "", "trunk", "trunk"), id="GitLab: the default"
        ),
        pytest.param(
            {**BITBUCKET, "BITBUCKET_BRANCH": "mine", "BITBUCKET_PR_DESTINATION_BRANCH": "release"},
            {},
            ("Bitbucket Pipelines", "release", "mine", ""),
            id="Bitbucket: a pull request",
        ),
        pytest.param(
            {**BITBUCKET, "BITBUCKET_BRANCH": "mine"},
            {},
            ("Bitbucket Pipelines", "", "mine", ""),
            id="Bitbucket: a branch",
        ),
        pytest.param(
            {
                **AZURE,
                "BUILD_SOURCEBRANCH": "refs/pull/7/merge",
                "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/team/release",
            },
            {},
            ("Azure Pipelines", "team/release", "refs/pull/7/merge", ""),
            id="Azure: a pull request",
        ),
        pytest.param(
            {**AZURE, "BUILD_SOURCEBRANCH": "refs/heads/main"},
            {},
            ("Azure Pipelines", "", "main", ""),
            id="Azure: a branch",
        ),
        pytest.param(
            {**JENKINS, "BRANCH_NAME": "PR-7", "CHANGE_TARGET": "release"},
            {},
            ("Jenkins", "release", "PR-7", ""),
            id="Jenkins: a pull request of a multibranch job",
        ),
        pytest.param({**JENKINS, "BRANCH_NAME": "mine"}, {}, ("Jenkins", "", "mine", ""), id="Jenkins: a branch"),
        pytest.param(JENKINS, {}, ("Jenkins", "", "", ""), id="Jenkins: any other job"),
        pytest.param({**CIRCLE, "CIRCLE_BRANCH": "mine"}, {}, ("CircleCI", "", "mine", ""), id="CircleCI: a branch"),
        pytest.param(
            {**BUILDKITE, "BUILDKITE_BRANCH": "mine", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "release"},
            {},
            ("Buildkite", "release", "mine", "trunk"),
            id="Buildkite: a pull request",
        ),
        pytest.param(
            {**BUILDKITE, "BUILDKITE_BRANCH": "trunk", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": ""},
            {},
            ("Buildkite", "", "trunk", "trunk"),
            id="Buildkite: the default branch",
        ),
        pytest.param(
            {**WOODPECKER, "CI_COMMIT_BRANCH": "release", "CI_COMMIT_TARGET_BRANCH": "release"},
            {},
            ("Woodpecker CI", "release", "release", "trunk"),
            id="Woodpecker: a pull request",
        ),
        pytest.param(
            {**WOODPECKER, "CI_COMMIT_BRANCH": "mine"},
            {},
            ("Woodpecker CI", "", "mine", "trunk"),
            id="Woodpecker: a branch",
        ),
        pytest.param({}, EVENT, ("no CI service", "", "", ""), id="nothing"),
        pytest.param({"CI": "true"}, {}, ("no CI service", "", "", ""), id="a service that nobody knows"),
        pytest.param(
            {"GITHUB_ACTIONS": "false", "TF_BUILD": "", "JENKINS_URL": "", "GITHUB_BASE_REF": "x"},
            {},
            ("no CI service", "", "", ""),
            id="variables left over",
        ),
    ],
)
def test_what_is_built(
    environ: Mapping[str, str], event: Mapping[str, Any], expected: tuple[str, str, str, str]
) -> None:
    assert said(environ, event) == expected


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.name)
def test_services_get_formats_that_exist(service: Any) -> None:
    assert {name for name, _ in service.outputs} <= set(FORMATS)
    assert sum(not file for _, file in service.outputs) == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        pytest.param([], ["text", "gitlab=gl-code-quality-report.json"], id="the service's own"),
        pytest.param(["json=x"], ["text", "gitlab=gl-code-quality-report.json", "json=x"], id="one more"),
        pytest.param(["json"], ["gitlab=gl-code-quality-report.json", "json"], id="in the log's place"),
        pytest.param(["gitlab=y"], ["text", "gitlab=y"], id="the same format elsewhere"),
        pytest.param(
            ["sarif=gl-code-quality-report.json"], ["text", "sarif=gl-code-quality-report.json"], id="in the same file"
        ),
    ],
)
def test_formats_are_added_or_replaced(wanted: list[str], expected: list[str]) -> None:
    [gitlab] = [each for each in SERVICES if each.name == "GitLab CI"]
    asked = [Output(name, file) for name, _, file in (each.partition("=") for each in wanted)]
    found = outputs_of(Pipeline(gitlab), asked)
    assert ["=".join(filter(None, each)) for each in found] == expected


def test_elsewhere_it_is_text() -> None:
    assert outputs_of(Pipeline(NO_SERVICE), ()) == (Output("text"),)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("Azure Pipelines", "a ##vso[task.x]y ##[error]", "a ##vso\\[task.x]y ##\\[error]", id="Azure"),
        pytest.param("GitHub Actions", "::error::a ##[add-path]b", "::error::a ##\\[add-path]b", id="GitHub"),
        pytest.param("GitLab CI", "##[a]", "##[a]", id="a service that obeys nothing"),
        pytest.param("Azure Pipelines", "# [a] #[b]", "# [a] #[b]", id="no command"),
    ],
)
def test_no_text_of_a_project_is_obeyed(name: str, text: str, expected: str) -> None:
    [service] = [each for each in SERVICES if each.name == name]
    assert service.harmless(text) == expected
