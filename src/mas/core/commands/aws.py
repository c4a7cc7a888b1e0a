"""The AWS command line: describing calls of known services, without those that give secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mas.core.commands.words import (
    Finding,
    destroy,
    names,
    options,
    outside,
    parse,
    read,
    sensitive,
    write,
)

_GLOBAL = options(
    "--region: --profile: --output: --query: --no-paginate --no-cli-pager --color: "
    "--cli-read-timeout: --cli-connect-timeout:"
)
_GLOBAL_VALUED = _GLOBAL.valued | frozenset(
    {"--endpoint-url", "--ca-bundle", "--cli-binary-format"}
)
_SERVICES = names(
    "acm application-autoscaling athena autoscaling backup budgets ce cloudformation cloudfront "
    "cloudtrail cloudwatch codebuild codepipeline compute-optimizer configservice directconnect "
    "dynamodb ec2 ecr ecs efs eks elasticache elb elbv2 emr events firehose glue guardduty health "
    "iam inspector2 kafka kinesis kms lambda logs opensearch organizations pricing rds redshift "
    "resourcegroupstaggingapi route53 s3api savingsplans secretsmanager securityhub service-quotas "
    "servicediscovery sns sqs ssm stepfunctions sts support tag trustedadvisor wafv2"
)
_READ_PREFIXES = ("describe-", "list-", "get-", "head-")
_SECRET_CALLS = names(
    "get-secret-value batch-get-secret-value get-random-password get-session-token "
    "get-federation-token get-login-password get-login get-authorization-token get-token "
    "get-password-data get-cluster-credentials get-cluster-credentials-with-iam get-parameters "
    "get-parameter get-parameters-by-path get-parameter-history get-credential-report "
    "get-function get-function-configuration list-functions get-object get-object-torrent "
    "get-item get-records get-shard-iterator get-data-key get-context-keys-for-custom-policy "
    "get-access-key-info get-template get-launch-template-data get-console-output "
    "get-console-screenshot get-authorization describe-instance-attribute "
    "describe-launch-template-versions describe-launch-configurations describe-task-definition "
    "describe-tasks describe-execution get-execution-history get-query-results get-connection "
    "get-connections"
)
"""They give credentials, the content of objects and tables, or configuration that holds them."""
_PARAMETERS = frozenset(
    {"get-parameter", "get-parameters", "get-parameters-by-path", "get-parameter-history"}
)
_DESTRUCTIVE_PREFIXES = ("delete-", "terminate-", "deregister-", "purge-", "batch-delete-")
_DESTRUCTIVE_CALLS = frozenset({"schedule-key-deletion", "cancel-key-deletion", "rm", "rb"})
_LOADED = re.compile(r"(?:fileb?|https?)://", re.IGNORECASE)
_FLAG = re.compile(r"--[a-z0-9][a-z0-9-]*")
_LEADS_ELSEWHERE = names(
    "--cli-input-json --cli-input-yaml --generate-cli-skeleton --endpoint-url --ca-bundle --debug "
    "--no-verify-ssl"
)


def judge_aws(args: Sequence[str]) -> Finding:
    """Judge the arguments of aws."""
    words, rest = _call(args)
    service, call = words
    if call.startswith(_DESTRUCTIVE_PREFIXES) or call in _DESTRUCTIVE_CALLS or "--delete" in rest:
        return destroy(f"aws {service} {call} takes something away for good.")
    if not call:
        return write("aws without a call that is understood.")
    before = args[: len(args) - len(rest) - 2]
    if [*args[len(before) : len(before) + 2]] != [service, call] or parse(before, _GLOBAL) is None:
        return write("aws with options that are not known to be harmless.")
    if service == "s3" and call == "ls":
        return _judge_rest("s3 ls", rest)
    if service not in _SERVICES or not call.startswith(_READ_PREFIXES):
        return write(f"aws {service} {call} changes something, or is not known to change nothing.")
    if call in _PARAMETERS and not any(word.startswith("--w") for word in rest):
        return _judge_rest(f"{service} {call}", rest)
    if call in _SECRET_CALLS:
        return sensitive(f"aws {service} {call} gives secrets or the content of data.")
    return _judge_rest(f"{service} {call}", rest)


def _call(args: Sequence[str]) -> tuple[tuple[str, str], Sequence[str]]:
    """Service and call, and what follows them; empty texts where they are not found."""
    at = 0
    while at < len(args) and args[at].startswith("-"):
        at += 2 if args[at] in _GLOBAL_VALUED else 1
    service = args[at] if at < len(args) else ""
    call = args[at + 1] if at + 1 < len(args) else ""
    return (service, "" if call.startswith("-") else call), args[at + 2 :]


def _judge_rest(what: str, rest: Sequence[str]) -> Finding:
    """Look at the parameters: none may load a file, go elsewhere, or name a file to write."""
    for at, word in enumerate(rest):
        name = word.partition("=")[0]
        if word.startswith("-"):
            if not _FLAG.fullmatch(name) and what != "s3 ls":
                return write(f"aws {what} with {name}, which is not understood.")
            # Options may be shortened as long as they stay unmistakable.
            if any(option.startswith(name) for option in _LEADS_ELSEWHERE):
                return write(f"aws {what} with {name}, which leads elsewhere.")
        elif at == 0 and what != "s3 ls":
            return write(f"aws {what} with a file to write to.")
        value = word.partition("=")[2] if word.startswith("-") else word
        if _LOADED.search(value) or (outside(value) and what.split()[0] == "s3"):
            return write(f"aws {what} with a value that is loaded from elsewhere.")
    return read(f"aws {what} reads and changes nothing.")
