"""The policy of the races: many may decide, and a large request needs two people."""

from tests.story.town import Town

FINANCE = tuple(f"fin{number}" for number in range(8))
LEGAL = ("law0", "law1")
POLICY = f"""\
organization:
  name: Acme
  timezone: America/New_York
  channels: {{digest: "#ai-budgets", approvals: "#ai-approvals", operators: "#ai-budget-ops"}}
  digest: {{day: mon, at: "09:00"}}
approvers:
  finance: {{people: [{", ".join(f"{name}@example.com" for name in FINANCE)}]}}
  legal: {{people: [{", ".join(f"{name}@example.com" for name in (*LEGAL, FINANCE[0]))}]}}
defaults:
  overage:
    max_percent: 90
    max_term: 14d
    routes:
      - {{up_to: 10%, approvers: [finance]}}
      - {{up_to: 90%, approvers: [finance, legal], both: true}}
unattributed: {{owner: ops@example.com}}
budgets:
  - id: company
    name: Company
    owner: pat@example.com
    limit: 5000
  - id: search
    name: Search ranking
    parent: company
    owner: dana@example.com
    limit: 1000
    at_limit: block
    match: [{{workspace: team-search}}]
  - id: growth
    name: Growth
    parent: company
    owner: lee@example.com
    limit: 300
    match: [{{workspace: team-growth}}]
"""


def more_people(town: Town) -> None:
    """Those who decide, as members of the channel where the cards are posted."""
    approvals = town.slack.channel("#ai-approvals")
    for name in (*FINANCE, *LEGAL):
        town.slack.add_person(f"{name}@example.com", name=name.title(), id=f"U0{name.upper()}")
        approvals.members.append(f"U0{name.upper()}")
