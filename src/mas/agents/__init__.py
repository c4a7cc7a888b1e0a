"""How one agent works on one task: stages, reasoners, and the gate to tools.

Lives here: the loop of five stages, the general agent and its prompts, who answers the questions
of a stage (a model or rules), the one place where tools are called, role files. Does not live
here: what a team's roles know (`teams`), how a task survives (`engine`), how a model or a tool is
reached (`adapters`). Called by the doers that `app` wires.
"""
