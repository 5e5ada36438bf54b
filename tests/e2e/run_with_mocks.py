"""Runs a Pulumi program without an engine: every name it uses must exist in the SDK, every argument must be taken."""

import runpy
import sys

import pulumi


class Answers(pulumi.runtime.Mocks):
    """An engine that makes every resource from its inputs and answers every function with its arguments."""

    def new_resource(self, args):
        return [f"{args.name}-id", args.inputs]

    def call(self, args):
        return args.args


pulumi.runtime.set_mocks(Answers(), preview=True)


@pulumi.runtime.test
def program():
    runpy.run_path(sys.argv[1])


program()
