"""A fleet in Python, by Pulumi's Automation API. What is to be done stands on stdin, its outputs come on stdout."""

import json
import sys

import pulumi
import pulumi_kace as kace
from pulumi import automation

given = json.load(sys.stdin)


def program():
    token = kace.AgentToken("token")
    agents = kace.AgentBundle("agents", folder=given["packages"], checksums=given["checksums"])
    fleet = kace.ProvisioningConfig(
        "fleet",
        targets={"ips": given["ips"]},
        agent={"bundle": agents.id, "token": token.value},
        linux={"username": "root", "private_key": pulumi.Output.secret(given["privateKey"])},
        on_destroy="uninstall",
    )
    pulumi.export("summary", fleet.summary)
    pulumi.export("results", fleet.results)


stack = automation.create_or_select_stack(
    stack_name="dev",
    project_name="in-python",
    program=program,
    opts=automation.LocalWorkspaceOptions(work_dir=given["folder"]),
)


def show(text):
    print(text, file=sys.stderr)


up = stack.up(on_output=show)
again = stack.up(on_output=show, expect_no_changes=True)
stack.destroy(on_output=show)
json.dump({name: output.value for name, output in up.outputs.items()}, sys.stdout)
